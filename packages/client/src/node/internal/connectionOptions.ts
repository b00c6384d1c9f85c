/** The options of a connection pool that a configuration gives. */
import { limitsFromConfig } from "@kimi-effect/core/Admission"
import type * as KimiConfig from "@kimi-effect/core/KimiConfig"

const defaultConnections = 256

/** Connections for requests that call no model, such as those of health checks, which the account's limits do not count. */
const spareConnections = 16

/** As many connections as the account's limits can use, unless their number is configured. */
export const maxConnectionsOf = (config: KimiConfig.Values): number =>
  config.maxConnections ?? Math.max(defaultConnections, (limitsFromConfig(config).concurrency ?? 0) + spareConnections)
