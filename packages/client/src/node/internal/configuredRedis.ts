/** The connections to Redis that a configuration names. */
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Stores } from "../../internal/stores.ts"
import * as Redis from "../Redis.ts"
import * as configText from "./configText.ts"

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

/** The text of the file with certificates. */
const readCa = (path: string | undefined): Effect.Effect<string | undefined, ConfigurationError> =>
  path === undefined
    ? Effect.succeed(path)
    : configText.read(path).pipe(
        Effect.map(({ text }) => text),
        Effect.mapError(({ issues }) =>
          ConfigurationError.of(
            issues.map(({ expected, name }) => ({
              name: KimiConfig.variableName("redisCa"),
              expected: `the path of a PEM file. ${name} is not ${expected}`
            }))
          )
        )
      )

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
