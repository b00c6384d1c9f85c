/** Values as the user may see them in a terminal or in a log. */
import { redactKeys } from "@kimi-effect/core/internal/Secrets"
import type * as KimiConfig from "@kimi-effect/core/KimiConfig"

/** Values whose form does not hide a password in a URL, or a key in the place of another value, are hidden here. */
export const hidden = (text: string): string => redactKeys(text.replaceAll(/(:\/\/)[^/?#\s]*@/g, "$1<redacted>@"))

/** Options whose values have keys or passwords in some of their forms. */
const secret: ReadonlySet<string> = new Set<KimiConfig.Name>([
  "apiKey",
  "fallback",
  "headers",
  "proxy",
  "redisPassword"
])

const maxLength = 60

/** A value that cannot be used. It may be a key in the place of another value, or a URL that is no URL. */
export const unusableText = (name: string, value: unknown): string => {
  if (secret.has(name) || typeof value !== "string" || /@|sk-|key|password/i.test(value)) return "<redacted>"
  return value.length > maxLength ? `${value.slice(0, maxLength)}…` : value
}
