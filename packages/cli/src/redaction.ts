/** Texts that repeat words of the command line or of the environment, which may have a key in the place of another value. */
import { redactKeys } from "@kimi-effect/core/internal/Secrets"

/** A value in quotes that begins with the name of an option whose value is a secret, as one of --set with a wrong sign. */
const ofSecretOption = /"\s*(apiKey|headers|redisPassword)\b(?:[^"\\]|\\.)+"/gi

export const withoutSecrets = (text: string): string =>
  redactKeys(text.replaceAll(ofSecretOption, (_, name: string) => `"${name} <redacted>"`))
