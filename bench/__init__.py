"""The benchmark: what BleepStore does in a second, and what it costs, on the machine at hand.

::

    __main__     the command line
    workloads/   what is measured; each module answers figures
    client       a client with one connection
    wrk          a load generator that costs every server the same
    figures      what a measurement is, and the table of them
    machine      what it was measured on
    filling      a store with very many objects

The daemon is started by ``tests.e2e.daemon``, as the tests start it.
"""
