"""aioapns as Debian ships it. Arguments: port, CA, certificate and key in one file, ALPN (or -). Reads a JSON list of
[token, message, options] and prints [status, description, id] for each."""

import asyncio
import json
import ssl
import sys

from aioapns import APNs, NotificationRequest, PushType
from aioapns.connection import APNsProductionClientProtocol

PORT, CA, BOTH, ALPN = sys.argv[1:]


class EmulatedService(APNsProductionClientProtocol):
    """aioapns has no option for host and port: they are attributes of its protocol class."""

    APNS_SERVER = "localhost"
    APNS_PORT = int(PORT)


async def main():
    context = ssl.create_default_context(cafile=CA)
    if ALPN != "-":
        context.set_alpn_protocols([ALPN])
    client = APNs(client_cert=BOTH, ssl_context=context)  # the topic is the certificate's UID
    client.pool.protocol_class = EmulatedService
    requests = [NotificationRequest(device_token=token, message=message, push_type=PushType.MDM, **options)
                for token, message, options in json.load(sys.stdin)]
    answers = await asyncio.wait_for(asyncio.gather(*map(client.send_notification, requests)), 60)
    connections = len(client.pool.connections)
    client.pool.close()
    print(json.dumps({"topic": client.pool.apns_topic, "connections": connections,
                      "answers": [[a.status, a.description, a.notification_id] for a in answers]}))


asyncio.run(main())
