import { describe, expect, it } from 'vitest'
import { redactUrl } from '../src/ports/tracker-client.js'
import { hideSecrets, isLocalName, mayReach, mayRedirect, trackerText } from '../src/ports/tracker-safety.js'

describe('isLocalName', () => {
  it.each([
    'localhost',
    'LOCALHOST.',
    'nas',
    'a.localhost',
    'tracker.local',
    'tracker.lan',
    'tracker.internal',
    'tracker.home.arpa',
    '127.0.0.1',
    '127.9.9.9',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.1.1',
    '100.64.0.1',
    '::1',
    '[::1]',
    '[fe80::1]',
    'fd00::1',
    '[::ffff:127.0.0.1]',
    '64:ff9b::7f00:1',
    '2002:c0a8:101::1',
  ])('%s is local', (host) => expect(isLocalName(host)).toBe(true))

  it.each([
    'example.com',
    'localhost.example.com',
    'local.example',
    'notlocal.xlocal',
    'home.arpa.example.org',
    '8.8.8.8',
    '172.32.0.1',
    '2001:db8::1',
    '[2a00::1]',
    '64:ff9b::808:808',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
  ])('%s is not', (host) => expect(isLocalName(host)).toBe(false))
})

describe('mayReach', () => {
  it.each([
    ['tracker.example.com', '93.184.216.34', true],
    ['tracker.example.com', '2a00::1', true],
    ['tracker.example.com', '127.0.0.1', false],
    ['tracker.example.com', '10.0.0.1', false],
    ['tracker.example.com', '169.254.169.254', false],
    ['tracker.example.com', '::1', false],
    ['tracker.example.com', 'fe80::1', false],
    ['tracker.example.com', 'fd00::1', false],
    ['tracker.example.com', '::ffff:192.168.0.1', false],
    ['tracker.example.com', '64:ff9b::a00:1', false],
    ['tracker.example.com', '2002:7f00:1::', false],
    ['tracker.example.com', 'not an address', false],
    ['localhost', '127.0.0.1', true],
    ['nas', '192.168.0.9', true],
    ['nas.lan', '93.184.216.34', true],
    ['127.0.0.1', '127.0.0.1', true],
    ['[::1]', '::1', true],
    ['0.0.0.0', '0.0.0.0', false],
    ['localhost', '0.0.0.0', false],
    ['localhost', '::', false],
    ['nas', '224.0.0.1', false],
    ['nas', '255.255.255.255', false],
  ])('%s at %s: %s', (host, address, expected) => expect(mayReach(host, address)).toBe(expected))
})

describe('mayRedirect', () => {
  it.each([
    ['a.example.com', 'b.example.org', true],
    ['a.example.com', '127.0.0.1', false],
    ['a.example.com', 'localhost', false],
    ['a.example.com', 'nas.lan', false],
    ['localhost', 'a.example.com', true],
    ['localhost', '127.0.0.1', true],
  ])('%s to %s: %s', (from, to, expected) => expect(mayRedirect(from, to)).toBe(expected))
})

const passkeyUrl = 'https://user:hunter22@t.example.com/0123456789abcdef0123/announce?passkey=se%63ret%20key&x=1'

describe('redactUrl', () => {
  it.each([
    [passkeyUrl, 'https://***@t.example.com/***/announce?passkey=***&x=***'],
    ['http://t.example.com:99999/0123456789abcdef0123/announce', 'http://***'],
    ['http://%%/announce?passkey=secret', 'http://***'],
    ['no url, 0123456789abcdef0123', '***'],
  ])('%s', (url, safe) => expect(redactUrl(url)).toBe(safe))
})

describe('hideSecrets', () => {
  it.each([
    ['no such passkey 0123456789abcdef0123', 'no such passkey ***'],
    ['bad key "secret key"', 'bad key "***"'],
    ['bad key "se%63ret%20key"', 'bad key "***"'],
    ['user hunter22', '*** ***'],
    ['announce 1 time', 'announce 1 time'],
  ])('%s', (text, safe) => expect(hideSecrets(text, passkeyUrl)).toBe(safe))

  it('hides all of what is no URL', () => expect(hideSecrets('cannot read ::key', '::key')).toBe('cannot read ***'))
})

describe('trackerText', () => {
  const text = (value: string): string => trackerText(new TextEncoder().encode(value), passkeyUrl)

  it('is one line of plain characters', () => {
    expect(text(' a\r\n\u001B[31mb\u202Ec\0 ')).toBe('a [31mb c')
  })

  it('is cut', () => expect(text('a'.repeat(100_000))).toBe(`${'a'.repeat(300)}…`))

  it('shows no secret', () => expect(text('hunter22\n')).toBe('***'))

  it('takes bytes that are no UTF-8', () => {
    expect(trackerText(Uint8Array.of(0x61, 0xff, 0x62), passkeyUrl)).toBe('a\uFFFDb')
  })
})
