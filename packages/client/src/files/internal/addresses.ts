/** Which addresses belong to the public internet. Source: the IANA registries of special-purpose addresses. */

/** IPv4 networks that are not public, as their first address and the length of their prefix. */
const specialNetworks: ReadonlyArray<readonly [address: string, prefix: number]> = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4]
]

const toNumber = (address: string): number | undefined => {
  const bytes = address.split(".").map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256))
  return bytes.length === 4 && bytes.every((byte) => byte < 256)
    ? bytes.reduce((sum, byte) => sum * 256 + byte, 0)
    : undefined
}

const isSpecial = (address: number): boolean =>
  specialNetworks.some(([first, prefix]) => {
    const size = 2 ** (32 - prefix)
    return Math.floor(address / size) === Math.floor((toNumber(first) ?? 0) / size)
  })

/** An IPv6 address whose last two groups are not written as an IPv4 address; `undefined` when they are written wrongly. */
const withoutDots = (address: string): string | undefined => {
  const tail = /(?<=:)[\d.]+\.\d+$/.exec(address)?.[0]
  if (tail === undefined) return address
  const embedded = toNumber(tail)
  if (embedded === undefined) return undefined
  const groups = [Math.floor(embedded / 65_536), embedded % 65_536].map((group) => group.toString(16))
  return address.slice(0, -tail.length) + groups.join(":")
}

const toParts = (half: string): ReadonlyArray<string> => (half === "" ? [] : half.split(":"))

/** The eight groups of an IPv6 address; a zone does not count. */
const toGroups = (address: string): ReadonlyArray<number> | undefined => {
  const [left, right, ...more] = withoutDots(address.replace(/%.*$/, ""))?.split("::") ?? []
  if (left === undefined || more.length > 0) return undefined
  const parts = [toParts(left), toParts(right ?? "")] as const
  const missing = 8 - parts[0].length - parts[1].length
  if (right === undefined ? missing !== 0 : missing < 1) return undefined
  const groups = [...parts[0], ...Array.from({ length: missing }, () => "0"), ...parts[1]]
  return groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))
    ? groups.map((group) => Number.parseInt(group, 16))
    : undefined
}

const startsWith = (groups: ReadonlyArray<number>, prefix: ReadonlyArray<number>): boolean =>
  prefix.every((group, index) => groups[index] === group)

/** An IPv4 address in an IPv6 one: mapped, translated (NAT64) or 6to4. */
const embeddedAddress = (groups: ReadonlyArray<number>): number | undefined => {
  const at = (index: number): number => (groups[index] ?? 0) * 65_536 + (groups[index + 1] ?? 0)
  if (startsWith(groups, [0, 0, 0, 0, 0, 0xff_ff]) || startsWith(groups, [0x64, 0xff_9b, 0, 0, 0, 0])) return at(6)
  return groups[0] === 0x20_02 ? at(1) : undefined
}

const isPublicGroups = (groups: ReadonlyArray<number>): boolean => {
  const embedded = embeddedAddress(groups)
  if (embedded !== undefined) return !isSpecial(embedded)
  const [first = 0, second = 0] = groups
  // Only 2000::/3 is allocated to the internet.
  if (first < 0x20_00 || first > 0x3f_ff) return false
  const isProtocolAssignment = first === 0x20_01 && (second < 0x2_00 || second === 0xd_b8)
  const isDocumentation = first === 0x3f_ff && second < 0x10_00
  return !isProtocolAssignment && !isDocumentation
}

/** Whether an address is one of the public internet; `undefined` for a text that is no address. */
export const isPublic = (address: string): boolean | undefined => {
  const number = toNumber(address)
  if (number !== undefined) return !isSpecial(number)
  const groups = address.includes(":") ? toGroups(address) : undefined
  return groups === undefined ? undefined : isPublicGroups(groups)
}

/** Names that are resolved within a machine or a network. */
const localName = /^(?:[^.]+|.*\.(?:localhost|local|internal|intranet|lan|home|corp|arpa))$/

/** Whether the host of a URL can be on the public internet. For a name, that depends on what it resolves to. */
export const mayBePublic = (hostname: string): boolean => {
  const host = hostname
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
    .toLowerCase()
  return isPublic(host) ?? !localName.test(host)
}
