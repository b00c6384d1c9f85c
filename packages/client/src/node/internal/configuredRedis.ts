/** The connections to Redis that a configuration names. */
import { readFile } from "node:fs/promises"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Stores } from "../../internal/stores.ts"
import * as Redis from "../Redis.ts"

/** The options of a connection by the names that `Redis` has for them in its errors. */
const optionNames: { readonly [name: string]: KimiConfig.Name } = {
  "Redis username": "redisUsername",
  "Redis password": "redisPassword",
  "Redis database": "redisDatabase",
  "Redis ca": "redisCa",
  "Redis serverName": "redisServerName",
  "Redis timeout": "redisTimeout",
  "Redis connectTimeout": "redisConnectTimeout",
  "Redis closeTimeout": "redisCloseTimeout",
  "Redis maxReplyBytes": "redisMaxReplyBytes"
}

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "unreadable"

/** The text of the file with certificates. */
const readCa = (path: string | undefined): Effect.Effect<string | undefined, ConfigurationError> =>
  path === undefined
    ? Effect.succeed(path)
    : Effect.tryPromise({
        try: () => readFile(path, "utf8"),
        catch: (cause) =>
          ConfigurationError.of([
            { name: KimiConfig.variableName("redisCa"), expected: `a PEM file that can be read (${codeOf(cause)})` }
          ])
      })

/** Where only the address can be the reason, the issue has the name of the option with the URL. */
const renamed =
  (urlOption: KimiConfig.Name) =>
  ({ issues }: ConfigurationError): ConfigurationError =>
    ConfigurationError.of(
      issues.map(({ expected, name }) => ({ name: KimiConfig.variableName(optionNames[name] ?? urlOption), expected }))
    )

/** A connection for each URL, with the same credentials and bounds. */
export const configuredRedis: Stores["redis"] = (config) => (name, url) =>
  Layer.effect(
    Redis.Redis,
    Effect.flatMap(readCa(config.redisCa), (ca) =>
      Effect.mapError(
        Redis.connect({
          url,
          ca,
          username: config.redisUsername,
          password: config.redisPassword,
          database: config.redisDatabase,
          serverName: config.redisServerName,
          timeout: config.redisTimeout,
          connectTimeout: config.redisConnectTimeout,
          closeTimeout: config.redisCloseTimeout,
          maxReplyBytes: config.redisMaxReplyBytes
        }),
        renamed(name)
      )
    )
  )
