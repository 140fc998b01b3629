import { describe, expect, it } from 'vitest'
import { clientAddress, publicAddress } from './listener.ts'

describe('publicAddress', () => {
  it.each([
    [{ host: '127.0.0.1' }, 'http://localhost:14070/', true],
    [{ host: '127.0.0.1', baseUrl: 'https://host.test/pilot' }, 'https://host.test/pilot/', false],
    [{ host: '0.0.0.0', baseUrl: 'https://host.test' }, 'https://host.test/', false],
    [{ host: 'localhost', baseUrl: 'http://localhost:8080/a/' }, 'http://localhost:8080/a/', true],
  ])('%o', (input, base_url, loopback) =>
    expect(publicAddress({ port: 14_070, ...input })).toEqual({ base_url, loopback }),
  )

  it.each([
    { host: '0.0.0.0' },
    { host: '192.168.0.2' },
    { host: '0.0.0.0', baseUrl: 'http://host.test/' },
    { host: '127.0.0.1', baseUrl: 'http://host.test/' },
    { host: '0.0.0.0', baseUrl: 'http://localhost/' },
    { host: '127.0.0.1', baseUrl: 'ftp://host.test/' },
    { host: '127.0.0.1', baseUrl: 'https://user:word@host.test/' },
    { host: '127.0.0.1', baseUrl: 'nonsense' },
  ])('refuses %o', (input) =>
    expect(() => publicAddress({ port: 14_070, ...input })).toThrow(
      expect.objectContaining({ code: 'VALIDATION_FAILED', message: expect.stringContaining('PILOT_BASE_URL') }),
    ),
  )
})

describe('clientAddress', () => {
  it.each([
    ['6.6.6.6', '1.1.1.1', [], '6.6.6.6'],
    ['6.6.6.6', '1.1.1.1', ['127.0.0.1'], '6.6.6.6'],
    ['127.0.0.1', null, ['127.0.0.1'], '127.0.0.1'],
    ['127.0.0.1', '1.1.1.1', ['127.0.0.1'], '1.1.1.1'],
    ['127.0.0.1', 'forged, 1.1.1.1', ['127.0.0.1'], '1.1.1.1'],
    ['127.0.0.1', 'forged, 1.1.1.1, 10.0.0.1', ['127.0.0.1', '10.0.0.1'], '1.1.1.1'],
  ])('%s forwarding %j behind %j is %s', (peer, forwarded, trusted, expected) =>
    expect(clientAddress(peer, forwarded, trusted)).toBe(expected),
  )
})
