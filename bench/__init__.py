"""The benchmark: what BleepStore does in a second, and what it costs, beside its peers.

::

    __main__     the command line
    servers/     the stores: ours, SeaweedFS, nginx for files, any other by its address
    race/        what they are measured at in turns; turns.py runs it
    workloads/   what is measured of BleepStore alone
    limits       what the machine itself can do
    report, picture, figures    the tables and the drawing
    client, wrk  a client with one connection, and a load generator that costs every server the same
    machine      what it was measured on
    filling      a store with very many objects

BleepStore is started by ``tests.e2e.daemon``, as the tests start it.
"""
