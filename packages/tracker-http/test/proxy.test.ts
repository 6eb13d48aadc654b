import { describe, expect, it } from 'vitest'
import { proxyFor } from '../src/proxy.js'

const both = { http_proxy: 'http://a:1', HTTPS_PROXY: 'b:2' }

describe('proxyFor', () => {
  it.each<[string, string | false | undefined, object, string | undefined]>([
    ['http://t.example.com/', undefined, both, 'http://a:1'],
    ['https://t.example.com/', undefined, both, 'http://b:2'],
    ['https://t.example.com/', undefined, { http_proxy: 'http://a:1' }, undefined],
    ['https://t.example.com/', undefined, { ALL_PROXY: 'http://c:3' }, 'http://c:3'],
    ['http://t.example.com/', undefined, { http_proxy: 'http://low:1', HTTP_PROXY: 'http://up:1' }, 'http://low:1'],
    ['http://t.example.com/', undefined, {}, undefined],
    ['http://t.example.com/', undefined, { http_proxy: '' }, undefined],
    ['http://t.example.com/', false, both, undefined],
    ['http://t.example.com/', 'http://own:9', both, 'http://own:9'],
    ['http://t.example.com/', undefined, { ...both, NO_PROXY: '*' }, undefined],
    ['http://t.example.com/', undefined, { ...both, no_proxy: 'x.org, example.com' }, undefined],
    ['http://t.example.com/', undefined, { ...both, no_proxy: '.example.com' }, undefined],
    ['http://texample.com/', undefined, { ...both, no_proxy: 'example.com' }, 'http://a:1'],
    ['http://t.example.com:81/', undefined, { ...both, no_proxy: 'example.com:80' }, 'http://a:1'],
    ['http://t.example.com/', undefined, { ...both, no_proxy: 'example.com:80' }, undefined],
    ['https://t.example.com/', undefined, { ...both, no_proxy: 'example.com:443' }, undefined],
    ['http://localhost:6969/', 'http://own:9', both, undefined],
    ['http://127.3.2.1/', undefined, both, undefined],
    ['http://[::1]/', undefined, both, undefined],
    ['http://192.168.1.1/', undefined, both, 'http://a:1'],
  ])('%s with %s and %j: %s', (url, fixed, environment, proxy) => {
    expect(proxyFor(new URL(url), fixed, { ...environment })).toBe(proxy)
  })

  it('does not go around a proxy it cannot use', () => {
    const socks = { all_proxy: 'socks5://user:secret@c:3' }
    expect(() => proxyFor(new URL('http://t.example.com/'), undefined, socks)).toThrow(
      'the proxy for http trackers in the environment is no http or https URL',
    )
  })
})
