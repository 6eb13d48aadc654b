import { latin1 } from '../bytes/text.js'
import { azureusCodes, shadowCodes, type VersionStyle } from './client-codes.js'

/** The digits of a version in ids of the Azureus and the Shadow style: A = 10, a = 36. */
const versionDigits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.-'

/**
 * The first 8 characters of our own peer ids (BEP 20): `-BL0100-` for version "0.1.0". A pre-release tag is ignored; the
 * other 12 bytes are random.
 */
export function peerIdPrefix(version: string): string {
  const numbers = version.split(/[-+]/, 1)[0]?.split('.') ?? []
  const digit = (index: number): string => versionDigits[Math.min(Number(numbers[index] ?? 0) || 0, 35)] ?? '0'
  return `-BL${digit(0)}${digit(1)}${digit(2)}${digit(3)}-`
}

/**
 * The client and its version behind a peer id, "qBittorrent 4.5.2" (BEP 20). An unknown id gives its first 8 bytes with
 * everything but printable ASCII escaped as `%XX`: the answer is always safe to print.
 */
export function clientName(peerId: Uint8Array): string {
  const text = latin1(peerId)
  return azureus(text) ?? named(text) ?? bitComet(text) ?? mainline(text) ?? shadow(text) ?? escape(text.slice(0, 8))
}

/** Text from outside made fit for one line of a terminal: control, bidirectional and invisible characters go. */
export function stripControl(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu, '').trim()
}

function escape(text: string): string {
  return text.replaceAll(
    /[^\x21-\x24\x26-\x7e]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}

function azureus(id: string): string | undefined {
  const parts = /^-(..)([0-9A-Za-z]{3}[0-9A-Za-z.-])/s.exec(id)
  const code = parts?.[1] === undefined ? undefined : azureusCodes.get(parts[1])
  if (code === undefined) return unknownAzureus(id)
  const [name, style] = code
  return joined(name, version(parts?.[2] ?? '', style))
}

/** A code that nobody claimed, in the usual shape. */
function unknownAzureus(id: string): string | undefined {
  const parts = /^-([A-Za-z~]{2})(\d{4})-/.exec(id)
  return parts === null ? undefined : joined(parts[1] ?? '', version(parts[2] ?? '', 'dotted'))
}

function joined(name: string, version: string): string {
  return version === '' ? name : `${name} ${version}`
}

function version(digits: string, style: VersionStyle): string {
  const numbers = [...digits].map((digit) => Math.max(0, versionDigits.indexOf(digit)))
  switch (style) {
    case 'none':
      return ''
    case 'transmission':
      return transmission(digits)
    case 'pairs':
      return `${Number.parseInt(digits.slice(0, 2), 10) || 0}.${digits.slice(2)}`
    case 'web':
      return `${Number.parseInt(digits.slice(0, 2), 10) || 0}.${Number.parseInt(digits.slice(2), 10) || 0}`
    case 'dotted3':
      return numbers.slice(0, 3).join('.')
    case 'dotted4':
      return numbers.join('.')
    case 'dotted':
      return (numbers[3] === 0 ? numbers.slice(0, 3) : numbers).join('.')
  }
}

/** Up to 3.xx the version is one digit and two; from 4 on three numbers. Z or X at the end is a build between releases. */
function transmission(digits: string): string {
  const between = /[ZXB]$/.test(digits) ? '+' : ''
  if (digits.startsWith('000')) return `0.${digits.slice(3)}`
  if (digits.startsWith('00')) return `0.${digits.slice(2)}`
  if (digits.charAt(0) >= '4') return version(digits, 'dotted3') + between
  return `${digits.charAt(0)}.${digits.slice(1, 3)}${between}`
}

/** Ids of a shape of their own. Groups, where there are any, are the numbers of the version. */
const namedIds: readonly (readonly [RegExp, string])[] = [
  [/^A2-(\d+)-(\d+)-(\d+)-/, 'aria2'],
  [/^aria2\//, 'aria2'],
  [/^-aria2-/, 'aria2'],
  [/^TIX0?(\d+?)(\d\d)-/, 'Tixati'],
  [/^-ML(\d+)\.(\d+)\.(\d+)/, 'MLDonkey'],
  [/^-BOW([0-9A-Z])([0-9A-Z])([0-9A-Z])-/, 'Bits on Wheels'],
  [/^-G3/, 'G3 Torrent'],
  [/^XBT(\d)(\d)(\d)/, 'XBT Client'],
  [/^OP(\d{4})/, 'Opera'],
  [/^DNA0?(\d+?)0?(\d+?)0?(\d+?)-/, 'BitTorrent DNA'],
  [/^S3-(\d)-(\d)-(\d)-/, 'Amazon S3'],
  [/^Mbrst(\d)-(\d)-(\d)/, 'burst!'],
  [/^Plus(\d)(\d)(\d)/, 'Plus!'],
  [/^btpd/, 'BT Protocol Daemon'],
  [/^LIME/, 'LimeWire'],
  [/^Pando/, 'Pando'],
  [/^QVOD/, 'QVOD'],
  [/^martini/, 'Martini Man'],
  [/^eX/, 'eXeem'],
  [/^346-/, 'TorrentTopia'],
]

function named(id: string): string | undefined {
  for (const [pattern, name] of namedIds) {
    const parts = pattern.exec(id)
    if (parts !== null) return joined(name, parts.slice(1).join('.'))
  }
  return undefined
}

/** Before its Azureus style: "exbc", then major and minor version as bytes; BitLord adds its name. */
function bitComet(id: string): string | undefined {
  if (!/^(exbc|FUTB|xUTB)/.test(id)) return undefined
  const name = id.startsWith('LORD', 6) ? 'BitLord' : 'BitComet'
  return `${name} ${id.charCodeAt(4)}.${String(id.charCodeAt(5)).padStart(2, '0')}`
}

/** "M4-3-6--" and "M7-10-2-", and Queen Bee's, which begin with Q. */
function mainline(id: string): string | undefined {
  const parts = /^([MQ])(\d+)-(\d+)-(\d+)-/.exec(id)
  if (parts === null) return undefined
  return `${parts[1] === 'Q' ? 'Queen Bee' : 'BitTorrent'} ${parts.slice(2).join('.')}`
}

/** A letter, up to five version digits padded with dashes, then three dashes, or what BitTornado has there. */
function shadow(id: string): string | undefined {
  const parts = /^([AOQRSTU])([0-9A-Za-z.]{1,5})-*/.exec(id.slice(0, 6))
  const name = parts?.[1] === undefined ? undefined : shadowCodes.get(parts[1])
  if (name === undefined || !/^.{6}(---|-T-|\d{3})/s.test(id)) return undefined
  return joined(name, [...(parts?.[2] ?? '')].map((digit) => versionDigits.indexOf(digit)).join('.'))
}
