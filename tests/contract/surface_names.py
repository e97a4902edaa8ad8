"""All that the framework's modules define for others; which arguments it takes is in :mod:`tests.contract.surface`."""

from __future__ import annotations

from tests.contract.surface import (
    ENDPOINTS,
    INTERNET,
    LOG,
    LOGFILE,
    PROCMON,
    PROTOCOL,
    SERVICE,
    SOB,
    STRPORTS,
    STYLES,
    USAGE,
    WIRE,
)

#: Each module with the one here that has its names; a name that is not here has a line in the differences.
NAMES: dict[str, tuple[str | None, str]] = {
    "twisted.application.service": (
        SERVICE,
        (
            "IServiceMaker ServiceMaker IService Service IServiceCollection MultiService IProcess Process Application"
            " loadApplication"
        ),
    ),
    "twisted.application.internet": (
        INTERNET,
        (
            "TimerService CooperatorService MulticastServer StreamServerEndpointService UDPServer ClientService TCPServer"
            " TCPClient UNIXServer UNIXClient SSLServer SSLClient UNIXDatagramServer UNIXDatagramClient backoffPolicy"
        ),
    ),
    "twisted.application.strports": (STRPORTS, "service listen parse"),
    "twisted.application.app": (
        None,
        (
            "ProfileRunner CProfileRunner AppProfiler AppLogger fixPdb runReactorWithLogging getPassphrase"
            " getSavePassphrase ApplicationRunner getApplication ReactorSelectionMixin ServerOptions run convertStyle"
            " startApplication reportProfile"
        ),
    ),
    "twisted.application.reactors": (
        None,
        "IReactorInstaller NoSuchReactor Reactor getReactorTypes installReactor",
    ),
    "twisted.scripts.twistd": (None, "runApp run"),
    "twisted.internet.app": (
        SERVICE,
        "Application ApplicationService MultiService DependentMultiService theApplication",
    ),
    "twisted.python.usage": (
        USAGE,
        (
            "UsageError error CoerceParameter Options Completer CompleteFiles CompleteDirs CompleteList"
            " CompleteMultiList CompleteUsernames CompleteGroups CompleteHostnames CompleteUserAtHost"
            " CompleteNetInterfaces Completions docMakeChunks flagFunction portCoerce"
        ),
    ),
    "twisted.cred.strcred": (
        None,
        (
            "ICheckerFactory StrcredException InvalidAuthType InvalidAuthArgumentString UnsupportedInterfaces"
            " findCheckerFactories findCheckerFactory makeChecker AuthOptionMixin"
        ),
    ),
    "twisted.plugin": (
        None,
        "IPlugin CachedPlugin CachedDropin getCache getPlugins getPlugIns pluginPackagePaths",
    ),
    "twisted.python.log": (
        LOG,
        (
            "ILogContext ILogObserver callWithContext callWithLogger err deferr Logger LogPublisher theLogPublisher"
            " addObserver removeObserver msg textFromEventDict FileLogObserver PythonLoggingObserver StdioOnnaStick"
            " startLogging startLoggingWithObserver NullFile discardLogs DefaultObserver defaultObserver"
        ),
    ),
    "twisted.python.logfile": (LOGFILE, "BaseLogFile LogFile DailyLogFile LogReader"),
    "twisted.persisted.sob": (SOB, "loadValueFromFile load Persistent Persistant IPersistable guessType"),
    "twisted.persisted.styles": (
        STYLES,
        (
            "pickleMethod unpickleMethod pickleModule unpickleModule pickleStringO unpickleStringO pickleStringI"
            " unpickleStringI Ephemeral doUpgrade requireUpgrade Versioned"
        ),
    ),
    "twisted.runner.procmon": (PROCMON, "LineLogger LoggingProtocol ProcessMonitor"),
    "twisted.internet.endpoints": (
        ENDPOINTS,
        (
            "clientFromString serverFromString quoteStringArgument TCP4ServerEndpoint TCP6ServerEndpoint"
            " TCP4ClientEndpoint TCP6ClientEndpoint UNIXServerEndpoint UNIXClientEndpoint SSL4ServerEndpoint"
            " SSL4ClientEndpoint AdoptedStreamServerEndpoint StandardIOEndpoint ProcessEndpoint HostnameEndpoint"
            " StandardErrorBehavior connectProtocol wrapServerTLS wrapClientTLS"
        ),
    ),
    "twisted.internet.protocol": (
        PROTOCOL,
        (
            "Factory ClientFactory ReconnectingClientFactory connectionDone Protocol BaseProtocol ProcessProtocol"
            " FileWrapper ServerFactory AbstractDatagramProtocol DatagramProtocol ConnectedDatagramProtocol"
            " ClientCreator ProtocolToConsumerAdapter ConsumerToProtocolAdapter"
        ),
    ),
    "twisted.protocols.wire": (WIRE, "Echo Discard Chargen QOTD Who Daytime Time"),
}
