/**
 * The address and port of a host, as telemetry names them.
 *
 * @since 0.1.0
 */

/**
 * @category models
 * @since 0.1.0
 */
export interface ServerAddress {
  readonly address: string
  readonly port: number
}

/**
 * Reads them from an `http` or `https` URL; `undefined` for a text that is no URL.
 *
 * @category conversions
 * @since 0.1.0
 */
export const fromUrl = (text: string): ServerAddress | undefined => {
  const url = URL.parse(text)
  if (url === null) return undefined
  const defaultPort = url.protocol === "http:" ? 80 : 443
  return { address: url.hostname, port: url.port === "" ? defaultPort : Number(url.port) }
}
