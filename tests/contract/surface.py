"""The framework's public surface: what can be called, with which arguments, and where it is found here.

Written from the framework, not from this code. An argument list is Python's own notation. Names before a ``/`` are
only ever given by position; ``...`` as a default stands for any. ``self`` is left out. ``None`` is an attribute or
a name whose arguments are nobody's business.
"""

from __future__ import annotations

SERVICE = "svcctl.application.service"
INTERNET = "svcctl.application.internet"
STRPORTS = "svcctl.application.strports"
ENDPOINTS = "svcctl.application.endpoints"
PROCMON = "svcctl.application.procmon"
PROTOCOL = "svcctl.application.protocol"
WIRE = "svcctl.application.wire"
REACTOR = "svcctl.application.reactor"
SOB = "svcctl.application.sob"
STYLES = "svcctl.application.styles"
USAGE = "svcctl.application.usage"
LOG = "svcctl.application.log"
LOGFILE = "svcctl.application.logfile"

_TCP_SERVER = 'port, factory, backlog=50, interface=""'
_TCP_CLIENT = "host, port, factory, timeout=30, bindAddress=None"
_SSL_SERVER = 'port, factory, contextFactory, backlog=50, interface=""'
_SSL_CLIENT = "host, port, factory, contextFactory, timeout=30, bindAddress=None"
_UNIX_SERVER = "address, factory, backlog=50, mode=0o666, wantPID=0"
_UNIX_CLIENT = "address, factory, timeout=30, checkPID=0"
_UDP = 'port, protocol, interface="", maxPacketSize=8192'
_MULTICAST = f"{_UDP}, listenMultiple=False"
_UNIX_DATAGRAM_SERVER = "address, protocol, maxPacketSize=8192, mode=0o666"
_UNIX_DATAGRAM_CLIENT = f"{_UNIX_DATAGRAM_SERVER}, bindAddress=None"

#: The members that services and collections have, as interfaces and as classes.
_SERVICE_MEMBERS = {
    "setName": "name",
    "setServiceParent": "parent",
    "disownServiceParent": "",
    "privilegedStartService": "",
    "startService": "",
    "stopService": "",
}
_COLLECTION_MEMBERS = {
    "getServiceNamed": "name",
    "__iter__": "",
    "addService": "service",
    "removeService": "service",
}

CALLABLES: dict[str, dict[str, str | None]] = {
    SERVICE: {
        "IService": None,
        **{f"IService.{name}": given for name, given in _SERVICE_MEMBERS.items()},
        "IServiceCollection": None,
        **{f"IServiceCollection.{name}": given for name, given in _COLLECTION_MEMBERS.items()},
        "IProcess": None,
        "IPersistable": None,
        "IPersistable.setStyle": "style",
        "IPersistable.save": "tag=None, filename=None, passphrase=None",
        "Service": "",
        **{f"Service.{name}": given for name, given in _SERVICE_MEMBERS.items()},
        "Service.__getstate__": "",
        "MultiService": "",
        **{f"MultiService.{name}": given for name, given in (_SERVICE_MEMBERS | _COLLECTION_MEMBERS).items()},
        "MultiService.services": None,
        "MultiService.namedServices": None,
        "Application": "name, uid=None, gid=None",
        "Application.save": "tag=None, filename=None, passphrase=None",
        "Application.run": "save=1, installSignalHandlers=1",
        "Application.listenTCP": 'port, factory, backlog=5, interface=""',
        "Application.listenSSL": 'port, factory, ctxFactory, backlog=5, interface=""',
        "Application.listenUNIX": "filename, factory, backlog=5, mode=0o666",
        "Application.listenUDP": 'port, proto, interface="", maxPacketSize=8192',
        "Application.listenWith": "portType, *args, **kw",
        "Application.unlistenTCP": 'port, interface=""',
        "Application.unlistenSSL": 'port, interface=""',
        "Application.unlistenUNIX": "filename",
        "Application.unlistenUDP": 'port, interface=""',
        "Application.unlistenWith": "portType, *args, **kw",
        "Application.connectTCP": "host, port, factory, timeout=30, bindAddress=None",
        "Application.connectSSL": "host, port, factory, ctxFactory, timeout=30, bindAddress=None",
        "Application.connectUNIX": "address, factory, timeout=30",
        "Application.connectUDP": (
            'remotehost, remoteport, protocol, localport=0, interface="", maxPacketSize=8192'
        ),
        "Application.connectWith": "connectorType, *args, **kw",
        "Application.addService": "service",
        "Application.removeService": "service",
        "Application.getServiceNamed": "serviceName",
        "Application.addDelayed": "delayed, /",
        "Application.removeDelayed": "delayed, /",
        "Application.bindPorts": "",
        "Application.setComponent": "interface, component, /",
        "Application.getComponent": "interface, default=None, /",
        "Application.addComponent": "component, ignoreClass=0, /",
        "Application.unsetComponent": "interface, /",
        "Application.removeComponent": "component, /",
        "Process": "uid=None, gid=None",
        "loadApplication": "filename, kind, passphrase=None",
        "ServiceMaker": "name, module, description, tapname",
        "IServiceMaker": None,
        "IServiceMaker.makeService": "options",
    },
    USAGE: {
        "UsageError": None,
        "error": None,
        "Options": "",
        "Options.optFlags": None,
        "Options.optParameters": None,
        "Options.subCommands": None,
        "Options.parseArgs": None,
        "Options.parseOptions": "options=None",
        "Options.postOptions": "",
        "Options.getSynopsis": "",
        "Options.getUsage": "width=None",
        "Options.opt_help": "",
        "Options.opt_version": "",
        "portCoerce": "value, /",
    },
    INTERNET: {
        "TimerService": "step, callable, *args, **kwargs",
        "TCPServer": _TCP_SERVER,
        "TCPClient": _TCP_CLIENT,
        "SSLServer": _SSL_SERVER,
        "SSLClient": _SSL_CLIENT,
        "UNIXServer": _UNIX_SERVER,
        "UNIXClient": _UNIX_CLIENT,
        "UDPServer": _UDP,
        "MulticastServer": _MULTICAST,
        "UNIXDatagramServer": _UNIX_DATAGRAM_SERVER,
        "UNIXDatagramClient": _UNIX_DATAGRAM_CLIENT,
        "CooperatorService": "",
        "CooperatorService.coiterate": "iterator",
        "StreamServerEndpointService": "endpoint, factory",
        "ClientService": "endpoint, factory, retryPolicy=None, clock=None, prepareConnection=None",
        "ClientService.whenConnected": "failAfterFailures=None",
        "backoffPolicy": "initialDelay=1.0, maxDelay=60.0, factor=1.5, jitter=...",
    },
    STRPORTS: {
        "service": "description, factory, reactor=None",
        "listen": "description, factory",
    },
    ENDPOINTS: {
        "serverFromString": "reactor, description",
        "clientFromString": "reactor, description",
        "quoteStringArgument": "argument",
        "connectProtocol": "endpoint, protocol",
        "TCP4ServerEndpoint": 'reactor, port, backlog=50, interface=""',
        "TCP6ServerEndpoint": 'reactor, port, backlog=50, interface="::"',
        "SSL4ServerEndpoint": 'reactor, port, sslContextFactory, backlog=50, interface=""',
        "UNIXServerEndpoint": "reactor, address, backlog=50, mode=0o666, wantPID=0",
        "TCP4ClientEndpoint": "reactor, host, port, timeout=30, bindAddress=None",
        "TCP6ClientEndpoint": "reactor, host, port, timeout=30, bindAddress=None",
        "HostnameEndpoint": "reactor, host, port, timeout=30, bindAddress=None, attemptDelay=None",
        "UNIXClientEndpoint": "reactor, path, timeout=30, checkPID=0",
    },
    "svcctl.application.systemd": {
        "ListenFDs": "descriptors, names",
        "ListenFDs.fromEnvironment": "environ=None, start=None",
        "ListenFDs.inheritedDescriptors": "",
        "ListenFDs.inheritedNamedDescriptors": "",
        "AdoptedStreamServerEndpoint": "reactor, fd, family",
    },
    PROCMON: {
        "ProcessMonitor": "",
        "ProcessMonitor.addProcess": "name, args, uid=None, gid=None, env={}, cwd=None",
        "ProcessMonitor.removeProcess": "name",
        "ProcessMonitor.startProcess": "name",
        "ProcessMonitor.stopProcess": "name",
        "ProcessMonitor.restartAll": "",
        "ProcessMonitor.startService": "",
        "ProcessMonitor.stopService": "",
    },
    PROTOCOL: {
        "Protocol": "",
        "Protocol.makeConnection": "transport",
        "Protocol.connectionMade": "",
        "Protocol.dataReceived": "data",
        "Protocol.connectionLost": "reason, /",
        "Factory": "",
        "Factory.forProtocol": "protocol, *args, **kwargs",
        "Factory.buildProtocol": "addr",
        "Factory.doStart": "",
        "Factory.doStop": "",
        "Factory.startFactory": "",
        "Factory.stopFactory": "",
        "ServerFactory": "",
        "ClientFactory": "",
        "ClientFactory.startedConnecting": "connector",
        "ClientFactory.clientConnectionFailed": "connector, reason",
        "ClientFactory.clientConnectionLost": "connector, reason",
        "ReconnectingClientFactory": "",
        "AbstractDatagramProtocol": "",
        "DatagramProtocol": "",
        "DatagramProtocol.startProtocol": "",
        "DatagramProtocol.stopProtocol": "",
        "DatagramProtocol.datagramReceived": "datagram, addr",
        "DatagramProtocol.connectionRefused": "",
        "ConnectedDatagramProtocol": "",
        "ConnectedDatagramProtocol.datagramReceived": "datagram",
        "ConnectedDatagramProtocol.connectionFailed": "failure",
    },
    LOG: {
        "ILogObserver": None,
        "msg": "*message, **kw",
        "err": "_stuff=None, _why=None, **kw",
        "startLogging": "file, setStdout=1",
        "startLoggingWithObserver": "observer, setStdout=1",
        "addObserver": "observer",
        "removeObserver": "observer",
        "textFromEventDict": "eventDict",
        "FileLogObserver": "f",
        "FileLogObserver.emit": "eventDict",
        "FileLogObserver.formatTime": "when",
        "FileLogObserver.getTimezoneOffset": "when",
        "FileLogObserver.start": "",
        "FileLogObserver.stop": "",
    },
    LOGFILE: {
        "BaseLogFile": "name, directory, defaultMode=None",
        "LogFile": "name, directory, rotateLength=1000000, defaultMode=None, maxRotatedFiles=None",
        "DailyLogFile": "name, directory, defaultMode=None",
        "LogReader": "name",
        "LogReader.readLines": "lines=10",
        "LogReader.close": "",
        **{
            f"{kind}.{name}": given
            for kind in ("LogFile", "DailyLogFile")
            for name, given in {
                "fromFullPath": "filename, *args, **kwargs",
                "shouldRotate": "",
                "write": "data",
                "flush": "",
                "close": "",
                "reopen": "",
                "rotate": "",
                "getCurrentLog": "",
                "getLog": "identifier",
            }.items()
        },
        "LogFile.listLogs": "",
        "DailyLogFile.toDate": "*args",
        "DailyLogFile.suffix": "tupledate",
    },
    SOB: {
        "IPersistable": None,
        "Persistant": "original, name",
        "Persistent": "original, name",
        "Persistent.setStyle": "style",
        "Persistent.save": "tag=None, filename=None, passphrase=None",
        "load": "filename, style, passphrase=None",
        "loadValueFromFile": "filename, variable, passphrase=None",
        "guessType": "filename",
    },
    STYLES: {
        "Versioned": "",
        "Versioned.persistenceVersion": None,
        "Versioned.persistenceForgets": None,
        "Versioned.versionUpgrade": "",
        "Ephemeral": "",
        "requireUpgrade": "obj",
        "doUpgrade": "",
    },
    WIRE: dict.fromkeys(("Echo", "Discard", "Chargen", "QOTD", "Daytime"), ""),
    REACTOR: {
        "listenTCP": _TCP_SERVER,
        "connectTCP": _TCP_CLIENT,
        "listenSSL": _SSL_SERVER,
        "connectSSL": _SSL_CLIENT,
        "listenUNIX": _UNIX_SERVER,
        "connectUNIX": _UNIX_CLIENT,
        "listenUDP": _UDP,
        "listenMulticast": _MULTICAST,
        "listenUNIXDatagram": _UNIX_DATAGRAM_SERVER,
        "connectUNIXDatagram": _UNIX_DATAGRAM_CLIENT,
        "callLater": "delay, callable, /, *args, **kwargs",
        "callWhenRunning": "callable, /, *args, **kwargs",
        "callFromThread": "callable, /, *args, **kwargs",
        "callInThread": "callable, /, *args, **kwargs",
        "suggestThreadPoolSize": "size, /",
        "addSystemEventTrigger": "phase, event, callable, /, *args, **kwargs",
        "run": "installSignalHandlers=...",
        "stop": "",
    },
}

#: Attributes of a class or of a new object, and what they are at first.
ATTRIBUTES: dict[str, dict[str, object]] = {
    f"{SERVICE}.Service": {"running": 0, "name": None, "parent": None},
    f"{SERVICE}.MultiService": {
        "running": 0,
        "name": None,
        "parent": None,
        "services": [],
        "namedServices": {},
    },
    f"{SERVICE}.Process": {"processName": None, "uid": None, "gid": None},
    f"{PROTOCOL}.Factory": {"protocol": None, "numPorts": 0},
    f"{PROTOCOL}.Protocol": {"factory": None, "transport": None, "connected": 0},
    f"{PROTOCOL}.DatagramProtocol": {"transport": None},
    f"{USAGE}.Options": {"subCommand": None, "defaultSubCommand": None, "parent": None},
    f"{STYLES}.Versioned": {"persistenceVersion": 0, "persistenceForgets": ()},
    f"{PROCMON}.ProcessMonitor": {
        "threshold": 1,
        "killTime": 5,
        "minRestartDelay": 1,
        "maxRestartDelay": 3600,
    },
}

#: Endpoint strings that servers take: each type with every argument, and with as few as it needs.
SERVER_STRINGS = (
    "tcp:80",
    "tcp:80:127.0.0.1:50",
    "tcp:port=80:interface=127.0.0.1:backlog=5",
    "tcp6:80",
    r"tcp6:80:50:\:\:1",
    r"tcp6:port=80:backlog=5:interface=\:\:1",
    "unix:/run/s",
    "unix:/run/s:666:50:1",
    "unix:address=/run/s:mode=600:backlog=5:lockfile=0",
    "ssl:443",
    "ssl:443:key.pem:cert.pem",
    "ssl:port=443:privateKey=k.pem:certKey=c.pem:interface=127.0.0.1:backlog=5:extraCertChain=x.pem",
    "ssl:443:sslmethod=TLSv1_2_METHOD",
    "ssl:443:dhParameters=dh.pem",
    "tls:/etc/certs",
    r"tls:directory=/etc/certs:port=8443:backlog=5:interface=\:\:",
    "systemd:domain=INET:index=0",
    "systemd:domain=INET6:name=web",
    "systemd:UNIX:0",
    "systemd:domain=UNIX:name=web",
    "stdio:",
    "haproxy:tcp:80",
    "haproxy:unix:/run/s:mode=600",
)

#: Those that clients take.
CLIENT_STRINGS = (
    "tcp:example.org:80",
    "TCP:example.org:80",
    "tcp:host=example.org:port=80:timeout=5:bindAddress=127.0.0.1",
    "ssl:example.org:443",
    "ssl:host=example.org:port=443:timeout=5:privateKey=k.pem:certKey=c.pem:caCertsDir=/etc/ca",
    "ssl:example.org:443:hostname=www.example.org",
    "unix:/run/s",
    "unix:path=/run/s:timeout=5:lockfile=1",
    "tls:example.org:443",
    "tls:example.org:443:timeout=5:bindAddress=127.0.0.1:certificate=c.pem:privateKey=k.pem:trustRoots=/etc/ca",
    r"tls:example.org:443:endpoint=unix\:/run/s",
)

#: What the files of its users name beyond that, by where it was; each has a place here or a line in the differences.
ELSEWHERE: dict[str, str | None] = {
    "twisted.internet.task.LoopingCall": f"{INTERNET}.TimerService",
    "twisted.internet.defer.inlineCallbacks": None,
    "twisted.application.internet.GenericServer": None,
    "twisted.application.internet.UDPClient": None,
    "twisted.application.compat.IOldApplication": None,
    "zope.interface.implementer": None,
    "twisted.enterprise.adbapi": None,
    "twisted.web.wsgi.WSGIResource": None,
    "twisted.logger.textFileLogObserver": None,
    "twisted.logger.globalLogPublisher": None,
    "twisted.logger.LogLevelFilterPredicate": None,
}
