import type { Goal } from './goals.js'

/** Why a goal is missed, as a profile told, and what comes next. */
interface Reason {
  /** The beginning of the names of the goals that it is about. */
  readonly goal: string
  readonly reason: string
  readonly next: string
}

/** Shares and ratios of profiles (`--cpu-prof`, heap statistics, the times of threads in `/proc`); they age with the code. */
export const reasons: readonly Reason[] = [
  {
    goal: 'CPU s/GiB of a Bitloom leecher against aria2',
    reason:
      'of the CPU time of a leecher, by its threads, 26 % is SHA-1 (OpenSSL, through `node:crypto`), 24 % the kernel writing files, 10 % the kernel receiving, 29 % the main thread otherwise, where the copy of payload into pieces comes first of our functions, and 10 % V8’s own threads for compiling and collecting. Of a single GiB (`perf record`, all threads) V8’s compiler alone takes 0.7 s, once in a process',
    next: 'hash and write an extent in one visit to a worker, which was measured 2 % below two visits; spare the first second of compiling with a smaller bundle',
  },
  {
    goal: 'CPU s/GiB of a Bitloom seeder against libtorrent',
    reason:
      'a bare Node program that reads a file and sends it takes more than the goal by itself (“send from a file” below, against libtorrent’s seconds in the case `long`); of the CPU time of a seeder 48 % is the main thread in user mode, 22 % the kernel sending, 15 % the kernel reading files in the thread pool, and 15 % V8’s threads; in the profile of the main thread the calls that start a read (`readBuffers`, each wakes a thread of the pool) come first',
    next: 'one read for as many blocks as a peer is owed beyond the 512 KiB of a run, so that fewer calls start',
  },
  {
    goal: 'Bitloom to Bitloom, throughput',
    reason:
      'two processes share the cores: both take the CPU time of the goals on seeder and leecher, and cores are short',
    next: 'as for the leecher’s CPU time, which is two thirds of it',
  },
  {
    goal: 'Bitloom downloading from libtorrent',
    reason: 'seeder and leecher share the cores, and the leecher’s CPU time bounds it',
    next: 'as for the leecher’s CPU time',
  },
  {
    goal: 'Bitloom serving libtorrent',
    reason: 'the leecher, which is libtorrent, takes most of the cores; what is left bounds the seeder',
    next: 'as for the seeder’s CPU time',
  },
  {
    goal: 'event-loop delay p99 while downloading',
    reason:
      'with 50 seeders the thread waits for a core: its profile has gaps of 15 to 66 ms between samples, most of them in the calls that start a write (`writeBuffer`, 39 % of its time), each of which wakes a thread of the pool that takes the core; with such gaps one turn of the loop, which reads all sockets, takes up to 123 ms',
    next: 'fewer and larger writes when many peers bring blocks of many pieces at once, and a bound on the bytes that one turn reads',
  },
  {
    goal: 'start of `bitloom download` to the first dial',
    reason:
      'a bare Node takes 130 of 358 ms, and 64 of 285 ms from version 24 on (table of scale); of the rest a quarter is V8 compiling 1 MB of bundled modules, the others are spread over modules that run once, none with more than 5 %',
    next: 'minify the bundle, and load what a download does not need (schemas of settings, help) when it is asked for; from Node 22.8 on compiled code is kept',
  },
  {
    goal: '10,000 seeding torrents without peers: RSS',
    reason:
      'a torrent of 1,000 pieces takes 24 kB: 23 kB of some 500 objects of its driver, swarm, ledger, schedules and files, none of them larger than 300 bytes but tables of maps and sets, and 1 kB of buffers, the priorities of its pieces. Its piece hashes are in its resume record only; the books of what is fetched, the extension table and the counts of pieces are made when a peer comes',
    next: 'one small object for a torrent that idles, and its driver made when its first peer comes',
  },
  {
    goal: '10,000 seeding torrents without peers: start',
    reason:
      'a torrent takes 2.8 to 4 ms of CPU time, nearly all in the main thread; in the profile 31 % start the five calls for files that each needs (open, look at, read and close its record, look at its file), each of which wakes a thread of the pool, 8 % check and decode the record and the info dictionary, 7 % make the driver, 5 % are collections, 4 % hash the record to know it again, and no function has more than 2 % by itself. Each record is read once, its folder is looked at once for all, and nothing is written for a torrent that is as its record says',
    next: 'all records in a few files, read in one go, and a torrent’s driver made when its first peer comes',
  },
  {
    goal: '1,000 connected idle peers: memory',
    reason:
      'a peer takes 6.2 kB of objects and 2.3 kB of buffers, of which its bits for 10,000 pieces are 1.3 kB; the rest is its socket outside of the heap',
    next: 'one object for what a connection and its peer both keep',
  },
  {
    goal: '1,000 idle peers told of 10 pieces a second',
    reason:
      'half is the kernel sending, half the main thread: each peer gets a write of its own for each batch of HAVEs, and a crowd of 1,000 has one in three seconds',
    next: 'one buffer for all that are told the same',
  },
  {
    goal: 'recheck with one worker',
    reason:
      'in a profile with the kernel (`perf record`) the copy out of the page cache takes as much as SHA-1, 37 and 36 %; the worker itself hashes at 0.85 × of `openssl speed`; it takes 55 % of the CPU time, the reads in the thread pool 21 % and the main thread 17 %, and where cores are short these come off its clock',
    next: 'read in the worker that hashes, so that a piece crosses no thread',
  },
  {
    goal: 'engine: µs per block',
    reason:
      'nothing is walked any more that grows with peers or pieces, and no function stands out in the profile of 1,000 peers: to find free blocks and ask them takes 7 %, to make room in the queues of what peers are asked as much, to rank pieces 5 %, to make the objects of a piece 3 %. Each of 1,000 peers has its turn once in 4,000 blocks, so that its objects, its queue and its bits are in no cache by then',
    next: 'what a block touches of a peer and of an open piece in a few arrays, instead of an object for each part',
  },
  {
    goal: 'pick: µs per block',
    reason:
      'the places of 100,000 pieces in the ranking and the bits of 500 peers that are no seeds take 8 MB, more than the caches hold, and each piece that is begun is at another place of them',
    next: 'as for the engine',
  },
  {
    goal: 'peak anonymous memory',
    reason:
      'before a download a process has 50 MiB; blocks that wait for the disk take 32 MiB at the most (`unwrittenBytes`), and come near to it where the disk is slow to take them, as with thousands of small files; there the young generation of the heap takes 20 MiB more: held to 4 MiB (`--max-semi-space-size=4`) the peak of 2,600 files was 88 and not 107 MiB, at the same CPU time. With 100,000 pieces of 16 KiB that spares little and costs 8 % more CPU time: there the heap grew by 1 kB for each piece, objects that live long enough to be moved to the old generation, when an open piece took 0.95 kB of it (it takes 0.65 since), and swung between 20 and 60 MiB until a full collection took them',
    next: 'start the program with a smaller young generation, which only an option of Node can set, and use the objects of pieces that are done again for those that begin',
  },
  {
    goal: 'one peer at 200 ms round trip',
    reason:
      'a window of 500 requests bounds it, which is refilled when 32 are free, or 6 % of it; with 125 free, as it was, it reached 0.46 to 0.73. What is left is the turn of the event loop of a process that is both ends and the lines between them',
    next: 'sessions in processes of their own for this measurement',
  },
  {
    goal: 'files, throughput',
    reason:
      'a file takes some eleven calls, each of which visits a thread of the pool and takes 35 µs of CPU time (`strace -c`; it was fifteen): it is opened, written and closed; opened, looked at, written, flushed, looked at and closed for the piece that it shares with its neighbour; and four in ten are half there at a checkpoint, looked at, opened, looked at, flushed and closed for it. Of the CPU time that files add to pieces of that size (`perf record`, all threads), 63 % is the main thread, nearly all of it callbacks and promises of these calls and a tenth the kernel, 20 % V8’s own threads and 17 % the pool; 2,048 handles instead of 64 spared no more than runs differ',
    next: 'all calls for the files of a piece in one visit to a worker: a bare storage that made them synchronously took 2.7 instead of 4.4 s/GiB, which is the most that this can spare; or pieces picked in runs of neighbours, so that a file is opened once',
  },
]

/** A line for each goal that is missed: why, and the next step. */
export function missedGoals(goals: readonly Goal[]): string[] {
  return goals
    .filter(({ isMet }) => isMet === false)
    .map(({ name }) => {
      const found = reasons.find(({ goal }) => name.startsWith(goal))
      return found === undefined
        ? `- **${name}**: no profile has been taken yet.`
        : `- **${name}**: ${found.reason}. Next: ${found.next}.`
    })
}
