// The rest of what rows.mjs begins.

export const trackers = {
  title: 'Trackers and URLs',
  attacker: 'a tracker, whoever answers in its place, and whoever writes its URL into a torrent',
  rows: [
    ['HTTP, HTTPS and UDP only; five redirects, the scheme looked at each time', 'tracker-http/hostile › redirects'],
    ['TLS certificates are verified', 'tracker-http/http-tracker › a certificate that nobody vouches for'],
    [
      'An answer has 1 MiB at most, counted after decompression; a bomb costs 8 MiB at most',
      'tracker-http/hostile › limits of an answer',
      'tracker-http/body › is let go early and costs at most 8 MiB',
    ],
    [
      'Silence, half an answer and a byte at a time are given up, a connection that does not come about sooner',
      'tracker-http/hostile › is given up',
    ],
    [
      'Intervals are within 60 s and 24 h',
      'core/announce-schedule › an interval below the floor',
      'core/announce-schedule › an interval above the ceiling',
    ],
    [
      '2,000 peers of an answer at most; each field of the right type or ignored',
      'tracker-http/hostile › of a million peers',
      'tracker-udp/protocol › takes at most 2,000 peers',
      'fuzz/targets › http-answer',
      'fuzz/targets › udp-answer',
      'fuzz/targets › compact-peers',
    ],
    [
      'Neither a redirect nor DNS leads from a public host to this machine or its network: nothing is sent there',
      'tracker-http/hostile › what a public tracker may not lead to',
      'tracker-udp/hostile › what a public tracker may not lead to',
    ],
    [
      'UDP: only replies from the address asked with the transaction id; connection ids for 60 s; 15 · 2^n s',
      'tracker-udp/hostile › forged and broken replies',
      'tracker-udp/connections › used again for 60 s',
      'tracker-udp/connections › connects again after',
    ],
    {
      promise: 'UDP, one datagram of ten is lost: every announce arrives, and is sent again after 15 · 2^n s',
      tests: ['simulator/tracker-udp.sim › one datagram of ten lost'],
      figure: '10 % of the datagrams lost',
    },
    [
      'Failing trackers back off to 60 min; after 15 s the next one starts, a late answer counts',
      'core/announce-schedule › failures back off',
      'core/announce-schedule › after 15 s of silence',
      'core/announce-schedule › a late answer counts',
    ],
    {
      promise:
        'A tracker refuses, says 500, hangs, answers HTML and garbage, over HTTP and UDP, and then answers: each failure is told once and typed, the waits double, the download completes',
      tests: ['integration/broken-trackers › in all kinds of trouble'],
      figure: 'a http tracker in trouble',
    },
    [
      'Passkeys appear in no error and no view',
      'tracker-http/hostile › passkeys',
      'tracker-udp/hostile › show no passkey',
      'core/announce-schedule › shows live views without secrets',
    ],
    [
      'The tracker of Bitloom reads any request within bounds',
      'fuzz/targets › tracker-request',
      'tracker-server/protocol.property › packets',
    ],
  ],
}

export const disk = {
  title: 'Disk and records',
  attacker: 'no attacker: broken disks, full disks, power cuts, other programs',
  rows: [
    [
      'Unwritten data is bounded, then nothing more is asked for',
      'core/memory-short › while memory is short',
      'core/torrent.property › keeps its books true',
    ],
    [
      '64 open files at most: 5,000 files with ulimit -n 256',
      'integration/many-files › files go from a process to another',
      'storage-fs/limits › 5,000 files',
    ],
    [
      'A record claims nothing that is not synced; power cuts',
      'core/checkpoints › a checkpoint',
      'resume-fs/power-loss › power cuts a torrent starts',
    ],
    [
      'A bad record is kept aside, and the start goes on',
      'resume-fs/file-resume-store › a record that cannot be used',
      'core/checkpoints › its record cannot be read',
      'fuzz/targets › resume-record',
    ],
    [
      'After SIGKILL only the open pieces are lost, and nothing corrupt is believed',
      'integration/faults-kill › goes on with all that was whole',
    ],
    [
      'No space, no permission, I/O errors: a typed error within 2 s, the torrent waits and completes by itself',
      'storage-fs/limits › NO_SPACE within 2 s',
      'integration/full-disk › completes by itself when there is room',
      'integration/full-disk › until it may',
      'integration/faults-disk',
    ],
    [
      'Files that others changed are checked, only theirs',
      'core/checkpoints › a file that looks different',
      'integration/resume › reads only what was changed by others',
    ],
    ['A longer file is never cut', 'storage-fs/files › never cut when it is longer'],
    [
      'One process for each torrent and state folder',
      'resume-fs/lock › the lock of a record',
      'resume-fs/lock › the lock of a folder',
    ],
    ['Too little free space is told before the start', 'core/free-space › of free space'],
    {
      promise: 'A disk of 1 MB/s with four fast peers: memory within 128 MiB of the base',
      tests: ['measured/slow-disk › a disk of 1 MB/s'],
      figure: 'a slow disk',
    },
    {
      promise:
        'One call of real files or sockets fails, of the first 2,000 of a download (by chance here, every one in `npm run faults -- --full`): a typed error or none, nothing wrong is claimed, the data is right',
      tests: ['integration/nth-calls › one call of files or sockets'],
      figure: 'one call of files or sockets',
    },
    ['Any one call of a storage fails: a typed error, and the data is right after a check', 'core/chaos › of the disk'],
  ],
}

export const processRows = {
  title: 'The process and its plugins',
  attacker: 'no attacker: plugins at fault, clocks that jump, ends in the middle',
  rows: [
    [
      'A plugin that throws, rejects or never answers fails its own torrent or tracker, and is named',
      'core/hooks › a tap that fails',
      'core/plugins-at-work › a plugin at work',
      'core/isolation › ',
    ],
    ['Every connection breaks at once, at any write of a download: the data is right', 'core/chaos › of the network'],
    [
      'A plugin at fault in every hook at once, a tracker too, and connections that break every two seconds: the data comes',
      'core/chaos-plugins › in every hook',
    ],
    [
      'What comes after a torrent or its session has ended changes nothing: late answers of every port and hook, and whatever plugins do with what they kept',
      'core/late-answers › an answer that comes after the end',
      'core/kept-views › what a plugin kept',
    ],
    ['Wall clocks that jump change nothing', 'core/checkpoints › wall clocks that jump'],
    [
      'close() ends within 5 s, and leaves no timer, socket or descriptor',
      'core/session-life › is over within 5 s',
      'integration/closing › leaves nothing open',
    ],
    [
      'Ids and tokens come from the system; Math.random is banned',
      'core/system-ports › gives bytes of the length asked for',
      'core/architecture › has no time, chance or emitters',
    ],
    ['Any configuration ends in settings or in sentences', 'fuzz/targets › config'],
    ['What users install has few dependencies and no install scripts', 'integration/dependencies › '],
    {
      promise: '200 leechers on one seeder all finish, the last within four times the time of the first (simulated)',
      tests: ['simulator/load.sim › 200 leechers'],
      figure: '200 leechers on one seeder',
    },
    {
      promise:
        '500 connections held for 60 s: the event loop is late by 50 ms at most (p99; the test allows five times that)',
      tests: ['measured/soak-and-load › 500 connections held'],
      figure: '500 connections',
    },
    {
      promise:
        'Three minutes of adding, downloading and removing with faults in rotation: no wrong byte, nothing uncaught, handles flat, nothing that was removed lives on (an hour of it in the nightly workflow)',
      tests: ['measured/soak-and-load › torrents come and go'],
      figure: 'a soak',
    },
  ],
}
