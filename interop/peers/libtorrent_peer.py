#!/usr/bin/python3
"""A libtorrent peer for one torrent, which prints JSON lines.

usage: libtorrent_peer.py seed|leech TORRENT|MAGNET DIRECTORY IP PORT [--copies=N] [PEER_IP:PORT...]
       libtorrent_peer.py info TORRENT
With --copies, N sessions do the same on ports from PORT on.
Events: {"event": "seeding"}, {"event": "complete"}, {"event": "error", "message": ...}. `info` prints the info-hashes.
"""
import json
import sys
import time

import libtorrent


def say(**fields):
    print(json.dumps(fields), flush=True)


def info(torrent):
    hashes = libtorrent.torrent_info(torrent).info_hashes()
    known = {}
    if hashes.has_v1():
        known["v1"] = str(hashes.v1)
    if hashes.has_v2():
        known["v2"] = str(hashes.v2)
    say(**known)


def open_session(ip, port):
    return libtorrent.session({
        "listen_interfaces": f"{ip}:{port}",
        "outgoing_interfaces": ip,
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "enable_incoming_utp": False,
        "enable_outgoing_utp": False,
        "allow_multiple_connections_per_ip": True,
    })


def add(session, mode, torrent, directory):
    if torrent.startswith("magnet:"):
        wish = libtorrent.parse_magnet_uri(torrent)
    else:
        wish = libtorrent.add_torrent_params()
        wish.ti = libtorrent.torrent_info(torrent)
    wish.save_path = directory
    flags = libtorrent.torrent_flags
    wish.flags &= ~flags.auto_managed & ~flags.paused
    if mode == "seed":
        wish.flags |= flags.seed_mode
    return session.add_torrent(wish)


def serve(mode, torrent, directory, ip, port, copies, peers):
    sessions = [open_session(ip, port + at) for at in range(copies)]
    handle = [add(session, mode, torrent, directory) for session in sessions][0]
    for peer in peers:
        host, peer_port = peer.rsplit(":", 1)
        handle.connect_peer((host, int(peer_port)))
    if mode == "seed":
        say(event="seeding")
    told = mode == "seed"
    while True:
        status = handle.status()
        if status.errc.value():
            say(event="error", message=status.errc.message())
            sys.exit(1)
        if not told and status.is_seeding:
            told = True
            say(event="complete")
        time.sleep(0.5 if told else 0.02)


if __name__ == "__main__":
    if sys.argv[1] == "info":
        info(sys.argv[2])
    else:
        mode, torrent, directory, ip, port, *rest = sys.argv[1:]
        peers = [word for word in rest if not word.startswith("--copies=")]
        copies = [int(word.split("=")[1]) for word in rest if word.startswith("--copies=")]
        serve(mode, torrent, directory, ip, int(port), *(copies or [1]), peers)
