from twisted.application.service import ServiceMaker

bleepstore = ServiceMaker(
    "BleepStore",
    "bleepstore.service.tap",
    "An S3-compatible object store.",
    "bleepstore",
)
