/** Results of checks. */
import type { KimiError } from "@kimi-effect/core/KimiError"
import type { Check } from "../schemas/doctor.ts"

export const ok = (name: string, message: string): Check => ({ name, status: "ok", message })

export const warning = (name: string, message: string, fix: string): Check => ({
  name,
  status: "warning",
  message,
  fix
})

export const problem = (name: string, message: string, fix: string): Check => ({
  name,
  status: "problem",
  message,
  fix
})

/** What an option must be, as what to do. */
export const setTo = (expected: string): string => `Set it to ${expected}${/[.?]$/.test(expected) ? "" : "."}`

export const skipped = (name: string, message: string): Check => ({ name, status: "skipped", message })

/** An error of the library names its own fix. */
export const ofError = (name: string, { hint, message }: Pick<KimiError, "hint" | "message">): Check =>
  problem(name, message, hint)
