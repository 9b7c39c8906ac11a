"""A node of the DHT by libtorrent, an implementation that shares no code with the one under test.

    serve IP:PORT NODE…           a node; says `ready` when it knows others
    get IP:PORT PLACE NODE…       ends with 0 when the item under the key PLACE is found and holds
"""

import sys
import time

import libtorrent

PATIENCE = 20


def session(ip, port):
    return libtorrent.session({
        "listen_interfaces": f"{ip}:{port}", "enable_dht": True, "dht_bootstrap_nodes": "",
        "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
        "dht_restrict_routing_ips": False, "dht_restrict_search_ips": False,
        "dht_prefer_verified_node_ids": False, "dht_enforce_node_id": False,
        "dht_ignore_dark_internet": False, "dht_block_ratelimit": 10_000,
        "alert_mask": libtorrent.alert.category_t.dht_notification
        | libtorrent.alert.category_t.status_notification,
    })


def knows_others(one, nodes):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for node in nodes:
            ip, port = node.rsplit(":", 1)
            one.add_dht_node((ip, int(port)))
        time.sleep(0.2)
        if one.status().dht_nodes > 0:
            return True
    return False


def serve(ip, port, nodes):
    one = session(ip, port)
    if not knows_others(one, nodes):
        return 2
    print("ready", flush=True)
    while True:
        time.sleep(60)


def get(ip, port, place, nodes):
    one = session(ip, port)
    if not knows_others(one, nodes):
        return 2
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        one.dht_get_mutable_item(bytes.fromhex(place), b"")
        one.wait_for_alert(2_000)
        for alert in one.pop_alerts():
            # libtorrent gives an item out only when its signature holds.
            if isinstance(alert, libtorrent.dht_mutable_item_alert) and alert.seq > 0:
                return 0
    return 1


if __name__ == "__main__":
    what, own, *rest = sys.argv[1:]
    own_ip, own_port = own.rsplit(":", 1)
    if what == "serve":
        sys.exit(serve(own_ip, int(own_port), rest))
    else:
        sys.exit(get(own_ip, int(own_port), rest[0], rest[1:]))
