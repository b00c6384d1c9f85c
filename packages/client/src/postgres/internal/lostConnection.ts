/** Which errors of PostgreSQL are about the connection or the server, and not about the statement. */
import type { SqlError } from "effect/sql/SqlError"

const codes: ReadonlySet<string> = new Set([
  // A restart: the server shuts down, another process of it has crashed, or it is not ready yet.
  "57P01",
  "57P02",
  "57P03",
  // The server closes connections that are idle.
  "57P05",
  // The clients of a server that has restarted connect at the same time.
  "53300",
  // After a failover, another connection may lead to the server that takes writes.
  "25006"
])

/** The server has ended the connection after such an error. */
const fatal: ReadonlySet<string> = new Set(["FATAL", "PANIC"])

const fieldOf = (cause: unknown, field: "code" | "severityUnlocalized"): string =>
  typeof cause === "object" && cause !== null && field in cause
    ? String((cause as Readonly<Record<string, unknown>>)[field])
    : ""

/**
 * Whether the statement may succeed on another connection. It may have been
 * committed. A refusal to connect that a later attempt would meet too, such as
 * that of a password, is none of these.
 */
export const isLost = ({ reason }: SqlError): boolean =>
  reason._tag === "ConnectionError" ||
  codes.has(fieldOf(reason.cause, "code")) ||
  (reason.operation !== "connect" && fatal.has(fieldOf(reason.cause, "severityUnlocalized")))
