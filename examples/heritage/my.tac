"""An application that logs to a file which rotates once a day.

Run it:  svcctl run examples/heritage/my.tac
Look:    cat /tmp/my.log
"""

from svcctl.application.log import FileLogObserver, ILogObserver
from svcctl.application.logfile import DailyLogFile
from svcctl.application.service import Application

application = Application("myapp")
logfile = DailyLogFile("my.log", "/tmp")
application.setComponent(ILogObserver, FileLogObserver(logfile).emit)
