import { assert, describe, it } from "@effect/vitest"
import { isPublic, mayBePublic } from "../../../src/files/internal/addresses.ts"

const special = [
  "0.0.0.0",
  "10.1.2.3",
  "100.64.0.1",
  "100.127.255.255",
  "127.0.0.1",
  "127.255.255.255",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.255",
  "192.0.0.8",
  "192.0.2.1",
  "192.168.1.1",
  "198.18.0.1",
  "198.19.255.255",
  "198.51.100.7",
  "203.0.113.7",
  "224.0.0.1",
  "239.255.255.255",
  "240.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "fe80::1",
  "fe80::1%eth0",
  "fc00::1",
  "fd12:3456::1",
  "fec0::1",
  "ff02::1",
  "::ffff:127.0.0.1",
  "::ffff:7f00:1",
  "::ffff:10.0.0.1",
  "::ffff:169.254.169.254",
  "::127.0.0.1",
  "64:ff9b::10.0.0.1",
  "64:ff9b::7f00:1",
  "64:ff9b:1::8.8.8.8",
  "2002:7f00:1::",
  "2002:c0a8:101::1",
  "2001::1",
  "2001:db8::1",
  "3fff::1",
  "100::1"
]

const open = [
  "1.1.1.1",
  "8.8.8.8",
  "9.255.255.255",
  "11.0.0.0",
  "100.63.255.255",
  "100.128.0.0",
  "128.0.0.1",
  "169.253.255.255",
  "172.15.255.255",
  "172.32.0.0",
  "192.167.255.255",
  "198.17.255.255",
  "198.20.0.0",
  "223.255.255.255",
  "2606:4700:4700::1111",
  "2a00:1450:4001:81b::200e",
  "2001:4860:4860::8888",
  "2400:3200::1",
  "::ffff:8.8.8.8",
  "64:ff9b::8.8.8.8",
  "2002:808:808::1"
]

describe("an address", () => {
  for (const address of special) {
    it(`is not public: ${address}`, () => {
      assert.isFalse(isPublic(address))
    })
  }

  for (const address of open) {
    it(`is public: ${address}`, () => {
      assert.isTrue(isPublic(address))
    })
  }

  for (const text of [
    "example.com",
    "",
    "1.2.3",
    "1.2.3.256",
    "1.2.3.4.5",
    ":::",
    "1::2::3",
    "g::1",
    "1:2:3:4:5:6:7"
  ]) {
    it(`is unknown for another text: ${JSON.stringify(text)}`, () => {
      assert.isUndefined(isPublic(text))
    })
  }
})

describe("the host of a URL", () => {
  for (const url of [
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://[::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://localhost/",
    "https://LOCALHOST./",
    "https://a.localhost/",
    "https://printer.local/",
    "https://metadata.google.internal/",
    "https://intranet/",
    "https://169.254.169.254/latest/meta-data/"
  ]) {
    it(`cannot be public: ${url}`, () => {
      assert.isFalse(mayBePublic(new URL(url).hostname))
    })
  }

  for (const url of [
    "https://example.com/",
    "https://8.8.8.8/",
    "https://[2606:4700:4700::1111]/",
    "https://例え.jp/"
  ]) {
    it(`can be public: ${url}`, () => {
      assert.isTrue(mayBePublic(new URL(url).hostname))
    })
  }
})
