import { extensionConformance } from '@bitloom/conformance'
import { type ExtensionLink, type PeerView, type TorrentView, utf8, utf8Bytes } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { createGreeting } from '../src/my-extension.js'

// What every extension promises, whatever a peer sends: sound messages, and garbage made from them.
extensionConformance(
  { describe, it },
  { extension: () => createGreeting('hello', () => {}), messages: [utf8Bytes('good day')] },
)

describe('my-extension', () => {
  const heard: string[] = []
  const sent: string[] = []
  const link: ExtensionLink = { send: (payload) => sent.push(utf8(payload)) > 0 }
  const greeting = createGreeting('hello', (_peer, text) => void heard.push(text))
  const session = greeting.open({} as PeerView, {} as TorrentView, link, new Map())

  it('greets a peer once', () => expect(sent).toEqual(['hello']))

  it('hears what a peer says, fit for a terminal', () => {
    session.message?.(utf8Bytes('\u001b[2Jgood day\n'))
    expect(heard).toEqual(['[2Jgood day'])
  })

  it('does not hear what is too long', () => {
    session.message?.(new Uint8Array(201).fill(65))
    expect(heard).toHaveLength(1)
  })
})
