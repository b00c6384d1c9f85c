/**
 * A self-signed certificate for 127.0.0.1, made for one run and kept nowhere.
 */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto"

export interface Certificate {
  readonly key: string
  readonly cert: string
}

const der = (tag: number, ...parts: ReadonlyArray<Uint8Array>): Buffer => {
  const body = Buffer.concat(parts)
  const length =
    body.length < 128
      ? [body.length]
      : body.length < 256
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 255]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}

const sequence = (...parts: ReadonlyArray<Uint8Array>): Buffer => der(0x30, ...parts)
const integer = (bytes: Uint8Array): Buffer => der(0x02, bytes)
const octets = (bytes: Uint8Array): Buffer => der(0x04, bytes)
const bits = (bytes: Uint8Array): Buffer => der(0x03, Buffer.from([0]), bytes)
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"))
const time = (year: number): Buffer => der(0x18, Buffer.from(`${year}0101000000Z`))
const explicit = (number: number, ...parts: ReadonlyArray<Uint8Array>): Buffer => der(0xa0 + number, ...parts)

const ecdsaWithSha256 = sequence(oid("2a8648ce3d040302"))
const commonName = sequence(der(0x31, sequence(oid("550403"), der(0x0c, Buffer.from("kimi-effect test")))))
const isAuthority = sequence(oid("551d13"), octets(sequence(der(0x01, Buffer.from([0xff])))))
const addresses = sequence(oid("551d11"), octets(sequence(der(0x87, Buffer.from([127, 0, 0, 1])))))

export const selfSigned = (): Certificate => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const serial = randomBytes(8)
  serial[0] = 1
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(serial),
    ecdsaWithSha256,
    commonName,
    sequence(time(2000), time(2100)),
    commonName,
    publicKey.export({ type: "spki", format: "der" }),
    explicit(3, sequence(isAuthority, addresses))
  )
  const whole = sequence(body, ecdsaWithSha256, bits(sign("sha256", body, privateKey)))
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }),
    cert: `-----BEGIN CERTIFICATE-----\n${whole.toString("base64")}\n-----END CERTIFICATE-----\n`
  }
}
