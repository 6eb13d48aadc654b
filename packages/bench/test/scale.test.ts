import { expect, it } from 'vitest'
import { scaleTable } from '../src/scale.js'

it('the table of scale has units', () => {
  const rows = scaleTable({
    starts: [{ node: '20.20.2', firstDialMs: 123.4, bareMs: 45.6 }],
    idleTorrents: { count: 10_000, startSeconds: 7.25, startCpuSeconds: 5, rssMebibytes: 140.4, cpuShare: 0.0123 },
    idlePeers: { count: 1_000, bytesEach: 12_345, idleCpuShare: 0, stormCpuShare: 0.05, stormPiecesPerSecond: 10 },
  })
  expect(rows).toEqual([
    ['scale', 'measured'],
    ['start of bitloom download to the first dial, Node 20.20.2', '123 ms'],
    ['start of a bare Node 20.20.2, to its end', '46 ms'],
    ['10,000 seeding torrents without peers: start from resume records', '7.3 s, 5.0 s of CPU time'],
    ['10,000 seeding torrents without peers: RSS', '140 MiB'],
    ['10,000 seeding torrents without peers: CPU', '1.2 % of a core'],
    ['1,000 idle peers: memory', '12.3 kB each'],
    ['1,000 idle peers: CPU', '0.0 % of a core'],
    ['1,000 idle peers: CPU while told of 10.0 pieces a second', '5.0 % of a core'],
  ])
})

it('the table of scale has what there is', () => {
  expect(scaleTable({ starts: [] })).toEqual([['scale', 'measured']])
})
