"""Answers DNS queries from /etc/hosts on port 53: one service made of a TCP and a UDP server. Needs dnslib.

Run it:  svcctl run examples/heritage/dns.tac   (as root, where nobody else has port 53)
Ask:     dig @127.0.0.1 localhost
"""

from names import dns, hosts, server

from svcctl.application import internet, service

port = 53

dnsService = service.MultiService()
hostsResolver = hosts.Resolver("/etc/hosts")
tcpFactory = server.DNSServerFactory([hostsResolver])
internet.TCPServer(port, tcpFactory).setServiceParent(dnsService)
udpFactory = dns.DNSDatagramProtocol(tcpFactory)
internet.UDPServer(port, udpFactory).setServiceParent(dnsService)

application = service.Application("DNSExample")

dnsService.setServiceParent(application)
