"""DNS over UDP."""

from svcctl.application.protocol import DatagramProtocol

#: Longest answer without EDNS. Source: RFC 1035, 4.2.1.
LONGEST = 512


class DNSDatagramProtocol(DatagramProtocol):
    """Each datagram is a message.

    Args:
        controller: What answers them.
    """

    def __init__(self, controller):
        self.controller = controller

    def datagramReceived(self, datagram, addr):
        """Answer; what is too long for a datagram is to be asked for over TCP."""
        answer = self.controller.answer(datagram)
        if answer is not None:
            reply = answer.pack()
            if len(reply) > LONGEST:
                reply = answer.truncate().pack()
            self.transport.write(reply, addr)
