/** Resolves names to addresses of the public internet only. */
import * as dns from "node:dns"
import type { LookupFunction } from "node:net"
import { isPublic } from "../../files/internal/addresses.ts"
import { PrivateAddress } from "../../files/internal/remoteMedia.ts"

/** Resolves a name to all of its addresses. */
export type Resolve = (
  hostname: string,
  options: dns.LookupOptions & { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: Array<dns.LookupAddress>) => void
) => void

/**
 * A lookup for connections, which then connect to what was checked, so that a
 * second answer of the name's server has no effect. One address that is not
 * public refuses the name: its other addresses would be tried after it.
 */
export const make =
  (resolve: Resolve = dns.lookup): LookupFunction =>
  (hostname, options, callback) =>
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, [])
      if (addresses.some(({ address }) => isPublic(address) !== true)) return callback(new PrivateAddress(), [])
      const [first] = addresses
      if (options.all === true || first === undefined) return callback(null, addresses)
      callback(null, first.address, first.family)
    })
