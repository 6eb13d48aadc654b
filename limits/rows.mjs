// What is promised of hostile input and faults, each with the tests that prove it. A test is named by its file (without
// `test/` and `.test.ts`) and a part of its title; a row without tests is one that nothing proves yet. `figure` names a line
// that a test prints. `npm run limits` runs them all; docs/THREATS.md is made of this and of what was measured last.
import { disk, processRows, trackers } from './more-rows.mjs'

const torrents = {
  title: 'Torrent files and magnet links',
  attacker: 'whoever makes a torrent or a link that the user opens',
  rows: [
    [
      'Nesting beyond 100 is refused; a million opened lists within 100 ms',
      'core/decode › refuses 101',
      'core/decode › 1,000,000 opened lists',
    ],
    [
      'At most 10,000,000 values and 64 MiB',
      'core/decode › more than 10,000,000 tokens',
      'core/parse-torrent › a file over 64 MiB',
    ],
    [
      '300,000 files load within 3 s and 600 MB, 100,000 within 1 s (the tests allow five times that)',
      'core/parse-torrent › files',
      'core/parse-torrent › padding that would be walked for ever',
    ],
    [
      'Integers are never rounded: -0, leading zeros, -1:, overflow and truncation are errors',
      'core/decode › refuses',
      'fuzz/targets › bencode',
    ],
    [
      'Keys are bytes: __proto__ is an ordinary one; 200,000 keys within 1 s; v2 wants them in order',
      'core/decode › keeps keys as bytes',
      'core/decode › 200,000 keys',
      'core/decode › tolerates unsorted and equal keys',
      'core/parse-v2 › unsorted and equal keys',
    ],
    ['The info-hash is over the raw bytes', 'core/parse-torrent › is over the raw bytes', 'fuzz/targets › metainfo'],
    ['Lengths and piece counts are bounded and checked', 'core/parse-torrent › parseTorrent refuses'],
    [
      'A torrent of 5 GB in 5,000 pieces parses at once and takes no space until data comes',
      'core/parse-torrent › 5 GB in 5,000 pieces',
      'storage-fs/files › makes sparse files',
    ],
    [
      'v2 and hybrids: trees that disagree, wrong layers and roots are refused',
      'core/parse-v2 › refuses of v2 and hybrids',
    ],
    ['Any file ends in a torrent or in a typed error', 'fuzz/targets › metainfo', 'fuzz/targets › bencode'],
    [
      'Magnet links: 64 KiB, 200 trackers, a malformed escape is a typed error',
      'core/magnet › parseMagnet',
      'fuzz/targets › magnet',
    ],
  ],
}

const names = {
  title: 'Names and paths',
  attacker: 'whoever makes a torrent, and whoever can write to the download folder',
  rows: [
    [
      'No name leads out of the download folder, on any system (100,000 random ones)',
      'fuzz/targets › paths',
      'core/safe-path › safePart',
    ],
    [
      'Reserved names, trailing dots, bidi and zero-width characters; 240 bytes; unique, 10,000 equal ones within 500 ms',
      'core/safe-path › safePart',
      'core/safe-path › cuts at 240 bytes',
      'core/safe-path › createPathNamer',
    ],
    [
      'Links in a torrent are not made; links on disk are not followed',
      'storage-fs/files › no padding and no links',
      'storage-fs/files › nothing is touched behind it',
    ],
    [
      'Modes of the user; the state folder is private',
      'storage-fs/files › the modes of the user',
      'resume-fs/file-resume-store › for this user only',
    ],
  ],
}

const peers = {
  title: 'Peers',
  attacker: 'any peer of the swarm, and whoever can reach the port',
  rows: [
    [
      '77 kinds of hostile peers get what the table says, one at a time, beside an honest download',
      'integration/hostile-simulated › a hostile peer in a simulated network',
    ],
    [
      'Peers that were there first and take every place, and exchange nothing, keep no seed out: neither one that dials us nor one that we dial, for which a download has a quarter of its places',
      'integration/hostile-simulated › a crowd that was there first',
      'core/places',
    ],
    {
      promise:
        'All of them over TCP, and crowds: 200 that declare 4 GB, 2,000 with noise, 1,000 slow handshakes, 100 that never read. Memory grows by 64 MiB at most, the event loop is late by 50 ms at most (p99; the test allows five times that), the download takes twice its time at most, an honest peer is answered within 2 s, nothing is uncaught',
      tests: ['measured/hostile-tcp › every hostile peer'],
      figure: 'hostile peers over TCP',
    },
    [
      'Message lengths are checked by prefix and id, before anything is kept',
      'core/decoder › a decoder refuses',
      'core/decoder › two hundred decoders',
      'fuzz/targets › wire',
    ],
    [
      'A handshake takes 10 s at most, 100 wait at most',
      'core/hostile-peers › takes 10 s at the most',
      'core/hostile-peers › waits for 100 at the most',
    ],
    [
      'Silence ends after 180 s; a block that does not come is asked elsewhere within 30 s, the last ones within seconds',
      'core/hostile-peers › ends after 3 minutes',
      'core/hostile-peers › asked elsewhere within 30 s',
      'core/hostile-peers › brought by a third within seconds',
    ],
    [
      'Haves: wrong sizes and indexes close, spare bits are masked',
      'core/hostile-peers › what a peer says of its pieces',
    ],
    [
      'Blocks that nobody asked for are not stored; more than 1 MiB of them closes',
      'core/hostile-peers › that were never asked are not stored',
      'core/hostile-peers › of the wrong length are not stored',
    ],
    [
      'Requests: 500 wait, 1 byte to 128 KiB, 300 invalid ones close',
      'core/hostile-peers › beyond 500 are rejected',
      'core/hostile-peers › close the connection',
    ],
    ['A peer that never reads holds less than 1 MiB', 'core/hostile-peers › hold less than 1 MiB'],
    [
      'Corrupt data: liars are out within 3 bad pieces, nobody honest is banned; one honest of five is enough: 1.3 times the data, 3 times the time at most',
      'core/liars › one honest source and four that lie',
      'core/bans › a host that is banned',
      'integration/corrupt-peer › is banned',
    ],
    {
      promise:
        'One byte of every MiB is flipped on the way from one of three peers: the files are right, that one is banned, the other two are not',
      tests: ['integration/flipped-bytes › one byte of every MiB'],
      figure: 'one byte of every MiB flipped',
    },
    {
      promise: 'Every peer of 50 is dropped after two seconds, again and again: the download ends, and nothing is lost',
      tests: ['core/dropped-peers › dropped after two seconds'],
      figure: 'peers dropped after 2 s',
    },
    [
      'The only source of a piece that sent it wrong comes back after five minutes',
      'core/connections › comes back after five minutes',
    ],
    [
      'Our own address and peer id, port 0, multicast, broadcast and unspecified are refused from every source',
      'core/known-addresses › what the address book takes in',
      'core/hostile-peers › with our own peer id',
    ],
    [
      '200 peers, 50 of a torrent, 50 half open, 30 dials a second, 2,000 addresses',
      'core/connections › 30 a second at the most',
      'core/connections › wait while 50 connections',
      'core/connections › limited over all torrents',
      'core/hostile-peers › past the places of a torrent',
      'core/known-addresses › within its limit under a flood',
    ],
    ['Reconnecting waits twice as long each time', 'core/known-addresses › waits twice as long'],
    [
      'A private torrent has peers of its trackers and the user only',
      'core/hostile-peers › a private torrent',
      'core/magnet-life › turns out to be private',
      'ext-pex/swarm › of a private torrent',
    ],
    {
      promise: 'The same, shown by counting packets and peer exchange messages',
      tests: ['ext-pex/private › a private torrent sends packets'],
      figure: 'a private torrent',
    },
    [
      'Metadata from peers: liars are banned, memory is bounded, floods are cut off',
      'ext-metadata/hostile › wrong metadata',
      'ext-metadata/hostile › a flood of requests',
      'ext-metadata/fetch.property › memory follows what came',
    ],
    [
      'Peer exchange: bounded, floods are cut off',
      'ext-pex/rules › what is taken of a peer',
      'ext-pex/swarm › disconnects who floods',
    ],
    [
      'No block is lost or counted twice, whatever peers have, bring, delay and break',
      'fuzz/targets › ledger',
      'fuzz/targets › picker',
      'core/torrent.property › a torrent without I/O',
    ],
  ],
}

export const sections = [torrents, names, peers, trackers, disk, processRows]
