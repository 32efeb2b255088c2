"""The OpenAPI document against the daemon that it describes, and the page that shows it."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
)
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.e2e.daemon import ROOT, Daemon
from tests.e2e.programs import find

_SECONDS = 20
_POLL_SECONDS = 0.2
_SCROLL = "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})"
_PLACE = "return arguments[0].getBoundingClientRect().top"


def test_made_up_requests_are_answered_as_the_document_says(
    daemon: Daemon, bucket: str, tmp_path: Path
) -> None:
    command = [
        find("schemathesis"),
        "run",
        f"{daemon.endpoint}/openapi.json",
        "--phases=coverage,fuzzing",
        "--max-examples=3",
        "--checks=not_a_server_error,status_code_conformance,content_type_conformance",
        "--seed=1",
        "--no-color",
    ]
    hooks = {"SCHEMATHESIS_HOOKS": "tests.e2e.signing_hooks", "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, **hooks},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-5000:]
    assert "Authentication failed" not in ran.stdout


def test_the_pages_are_in_the_document(daemon: Daemon) -> None:
    with urllib.request.urlopen(f"{daemon.endpoint}/openapi.json") as answer:
        document: dict[str, Any] = json.load(answer)
    for path in ("/healthz", "/readyz", "/health", "/metrics", "/docs"):
        assert path in document["paths"]


@pytest.fixture
def browser() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for argument in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    service = webdriver.ChromeService(executable_path=find("chromedriver"))
    driver = webdriver.Chrome(options, service)
    yield driver
    driver.quit()


def test_a_browser_shows_an_operation_that_is_clicked(
    browser: webdriver.Chrome, daemon: Daemon
) -> None:
    browser.get(f"{daemon.endpoint}/docs")
    wait = WebDriverWait(browser, _SECONDS)
    row = wait.until(lambda page: page.find_element(By.ID, "operations-Objects-GetObjectAcl"))
    _click(browser, row, "opblock-summary-control")
    opened = wait.until(lambda _: row.find_element(By.CLASS_NAME, "opblock-body"))
    assert "s3:GetObjectAcl" in opened.text
    assert "versionId" in opened.text


def test_the_page_tries_an_operation_out(browser: webdriver.Chrome, daemon: Daemon) -> None:
    browser.get(f"{daemon.endpoint}/docs#/Daemon/showHealthz")
    wait = WebDriverWait(browser, _SECONDS)
    row = wait.until(lambda page: page.find_element(By.ID, "operations-Daemon-showHealthz"))
    _click(browser, row, "try-out__btn")
    _click(browser, row, "execute")
    answer = wait.until(lambda _: row.find_element(By.CLASS_NAME, "live-responses-table"))
    assert "200" in answer.text


def _click(browser: webdriver.Chrome, row: WebElement, class_name: str) -> None:
    """Click what is in a row as soon as it lies still in the middle, with nothing before it.

    The page scrolls by itself to the operation that its address names, in many small steps.
    """
    place: Any = None

    def clicked(_: webdriver.Chrome) -> bool:
        nonlocal place
        button = row.find_element(By.CLASS_NAME, class_name)
        was_at, before = place, browser.execute_script(_PLACE, button)
        browser.execute_script(_SCROLL, button)
        place = browser.execute_script(_PLACE, button)
        if place == before == was_at:
            button.click()
            return True
        return False

    refusals = (ElementClickInterceptedException, ElementNotInteractableException)
    WebDriverWait(browser, _SECONDS, _POLL_SECONDS, refusals).until(clicked)
