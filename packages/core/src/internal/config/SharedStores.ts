/**
 * Options of the connections to Redis, of which every store on Redis has the
 * same ones.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { inGroup, type Texts } from "./ConfigOption.ts"
import * as OptionForm from "./OptionForm.ts"

const redactedText = OptionForm.fromCodec(
  Schema.RedactedFromValue(Schema.NonEmptyString, { disallowEncode: true }),
  "a password",
  () => "<redacted>"
)

const password: typeof redactedText = {
  ...redactedText,
  fromInput: (input) =>
    Redacted.isRedacted(input)
      ? redactedText.fromInput(input)
      : Result.fail([{ at: "", expected: "a redacted password: use Redacted.make(password)" }])
}

const name = (expected: string) => OptionForm.fromCodec(Schema.NonEmptyString, expected)

const isDatabase = (value: number): boolean => Number.isSafeInteger(value) && value >= 0 && value < 1_000_000

const option = inGroup("redis", "restart")

/**
 * @category options
 * @since 0.1.0
 */
export const sharedStores = {
  redisKeyPrefix: option(
    OptionForm.fromCodec(Schema.String.check(Schema.isPattern(/^[^{}]+$/)), "a text without braces"),
    {
      default: "kimi-effect:"
    }
  ),
  redisUsername: option(name("the name of a user")),
  redisPassword: option(password),
  redisDatabase: option(OptionForm.number(isDatabase, "a whole number of zero or more")),
  redisCa: option(OptionForm.path),
  redisServerName: option(name("the name of a host")),
  redisConnectTimeout: option(OptionForm.duration, {
    default: Duration.seconds(5)
  }),
  redisTimeout: option(OptionForm.duration, {
    default: Duration.seconds(10)
  }),
  redisCloseTimeout: option(OptionForm.duration, {
    default: Duration.seconds(2)
  }),
  redisMaxReplyBytes: option(OptionForm.bytes, {
    default: 64 * 1024 * 1024
  })
}

/**
 * @category options
 * @since 0.1.0
 */
export const sharedStoresTexts: Texts<keyof typeof sharedStores> = {
  redisKeyPrefix: { description: "Prefix of every key in Redis: of limits, circuits, budget and cache." },
  redisUsername: {
    defaultText: "the one in the URL",
    description: "User name for Redis, together with `redisPassword`."
  },
  redisPassword: { defaultText: "the one in the URL", description: "Password for Redis." },
  redisDatabase: { defaultText: "the one in the URL, or 0", description: "Number of the database." },
  redisCa: {
    defaultText: "the authorities of Node",
    description: "PEM file with the certificates of the authorities to trust, for URLs that begin with `rediss://`."
  },
  redisServerName: {
    defaultText: "the host in the URL",
    description: "Name that the certificate of Redis must have, for URLs that begin with `rediss://`."
  },
  redisConnectTimeout: {
    description:
      "Maximum time until a connection to Redis is ready for commands. It never delays the start of the client."
  },
  redisTimeout: {
    description:
      "Time without a reply to a command after which the connection to Redis is replaced. Limits, circuits, budget and cache have shorter timeouts."
  },
  redisCloseTimeout: { description: "Maximum wait for the last replies of Redis when the client closes." },
  redisMaxReplyBytes: { description: "Maximum size of a reply of Redis, and of a command, from 1 KiB to 400 MiB." }
}
