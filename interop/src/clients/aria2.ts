import { installed } from '../installed.js'
import { type Client, type Job, later, transferMs } from './client.js'

function common(job: Job): string[] {
  return [
    '--no-conf=true',
    '--enable-dht=false',
    '--enable-dht6=false',
    '--bt-enable-lpd=false',
    '--enable-peer-exchange=false',
    '--file-allocation=none',
    '--summary-interval=0',
    '--show-console-readout=false',
    '--bt-max-peers=0',
    '--allow-overwrite=true',
    `--listen-port=${job.port}`,
    `--interface=${job.host.ip}`,
    `--dir=${job.directory}`,
  ]
}

/** aria2c. It cannot be told a peer: it finds peers through the tracker, and checks what it seeds. */
export const aria2: Client = {
  name: 'aria2',
  available: () => installed('aria2c'),
  seed: async (job) => {
    const args = [...common(job), '--seed-ratio=0.0', '--check-integrity=true', job.torrent]
    const command = { name: 'aria2 (seed)', command: 'aria2c', args, namespace: job.host.namespace }
    return { process: job.start(command) }
  },
  leech: async (job) => {
    const args = [...common(job), '--seed-time=0', '--console-log-level=notice', job.torrent]
    const command = { name: 'aria2 (leech)', command: 'aria2c', args, namespace: job.host.namespace }
    const process = job.start(command)
    const whole = (line: string): true | undefined =>
      line.includes('Download complete') && !line.includes('[METADATA]') ? true : undefined
    return {
      process,
      complete: later(process.line('the download was complete', whole, job.transferMs ?? transferMs).then(() => {})),
    }
  },
}
