/** A client with every stage on. Its timeouts are short, so that a fault does not take minutes. */
import { KimiNode } from "@kimi-effect/client/node"
import { Accounting } from "@kimi-effect/core"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import type { KimiClient } from "@kimi-effect/client/KimiClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { models } from "./models.ts"

export interface Options {
  readonly baseUrl: string
  /** Holds limits and circuits. */
  readonly redisUrl: string
  /** Gets the audit log, and the SQLite files of cache and budget. */
  readonly folder: string
  /** The file of the audit log. */
  readonly audit: string
}

export const layer = ({ audit, baseUrl, folder, redisUrl }: Options): Layer.Layer<KimiClient, ConfigurationError> =>
  KimiNode.layer({
    apiKey: Redacted.make("sk-soak-0123456789"),
    baseUrl,
    model: models[0],
    deadline: "10 seconds",
    cache: `sqlite:${folder}/cache.db`,
    cacheTimeToLive: "5 seconds",
    cacheStaleAfter: "2 seconds",
    cacheMaxBytes: 4_194_304,
    budgetStore: `sqlite:${folder}/budget.db`,
    budgetLease: "5 seconds",
    limits: redisUrl,
    circuits: redisUrl,
    budget: [
      { amount: "1000000", currency: "USD", per: ["day"] },
      { amount: "1000000", currency: "USD", per: ["tenant"] }
    ],
    recovery: "continue",
    fallback: [{ model: models[1] }],
    hedgeDelay: "200 millis",
    hedgeResponseDelay: "200 millis",
    maxAttempts: 3,
    retryBaseDelay: "20 millis",
    retryMaxDelay: "200 millis",
    retryBudgetCapacity: 1_000_000,
    breakerOpenDuration: "100 millis",
    maxConcurrency: 32,
    requestsPerMinute: 1_000_000,
    tokensPerMinute: 1_000_000_000,
    connectTimeout: "1 second",
    firstTokenTimeout: "400 millis",
    idleTimeout: "400 millis",
    totalTimeout: "1 second",
    maxResponseBytes: 1_000_000,
    maxEventBytes: 100_000,
    telemetry: true,
    auditLog: `${folder}/${audit}`
  }).pipe(Layer.provide(Accounting.layer))
