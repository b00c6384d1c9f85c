/** Behavior that depends on a tag is a column of the table; other modules read it. */
import { readdirSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { table } from "../../src/errors/ErrorFacts.ts"

const packages = new URL("../../../", import.meta.url)

/** Modules that name several tags for a reason. */
const exceptions: ReadonlySet<string> = new Set([
  // Reads members that only these classes have: which limit was exceeded, and by how much.
  "core/src/resilience/internal/admission/HostFeedback.ts",
  // The simulator's failure mix is an option whose members are tags, and each of them is created in its own way.
  "testing/src/internal/simulator/attemptPlan.ts",
  "testing/src/simulator/FaultScript.ts",
  "testing/src/simulator/VirtualHost.ts",
  "testing/src/schedule/CallSchedule.ts",
  // The errors that stop a batch are an option whose members are tags.
  "client/src/batch/internal/stoppingTags.ts",
  // Whether the creation of a batch was refused is known of some answers only.
  "client/src/batch/internal/host/outcome.ts",
  // A lock that is held, a batch that has ended and one that is lost have different consequences for a job.
  "client/src/node/internal/batch/host/hostJobs.ts",
  // Refusals of the client itself are final for one call, and temporary for an agent of a swarm.
  "client/src/swarm/internal/classify.ts",
  // What a lost lease, an uncertain result or an outage of the journal means for a row or swarm that processes share.
  "client/src/node/internal/batch/shared/sharedRow.ts",
  "client/src/swarm/internal/durable/durably.ts",
  // Four errors of which HTTP knows more than their category.
  "client/src/internal/failureStatus.ts",
  // A mock provider and its chaos fail with the tags that their options name, each by a separate reply.
  "testing/src/internal/mock/chaosStage.ts",
  "testing/src/internal/mock/failureReplies.ts",
  "testing/src/internal/mock/presets.ts",
  // The laws of the errors that statuses become.
  "testing/src/contract/internal/hostApi/responses.ts"
])

/** Where a source lists a tag: as text, or as the key of a record. Imports, types and constructors do not count. */
const tagPattern = /["'](\w+Error)["']|^\s*(?:readonly )?(\w+Error)\??:|[{,]\s*(\w+Error):/gm

const listedTags = (source: string): ReadonlySet<string> => {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "")
  const tags = Array.from(code.matchAll(tagPattern), ([, text, key, member]) => text ?? key ?? member ?? "")
  return new Set(tags.filter((tag) => Object.hasOwn(table, tag)))
}

const sources = ["core", "client", "testing"].flatMap((name) =>
  readdirSync(new URL(`${name}/src/`, packages), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => `${name}/src/${path}`)
)

const listing = sources.filter(
  (path) => !path.startsWith("core/src/errors/") && listedTags(readFileSync(new URL(path, packages), "utf8")).size >= 3
)

describe("modules other than ErrorFacts", () => {
  it("list fewer than three tags", () => {
    assert.deepStrictEqual(
      listing.filter((path) => !exceptions.has(path)),
      []
    )
  })

  it("are an exception only while they list tags", () => {
    assert.sameMembers(listing, [...exceptions])
  })

  it("are recognized in any syntax (texts, record keys, inline members)", () => {
    const source = `
      const a = { DnsError: "x", TlsError: 1 }
      const tags = {
        ServerError: true
      }
      if (error._tag === "RateLimitError") throw new IdleTimeoutError({ message })
    `
    assert.deepStrictEqual([...listedTags(source)], ["DnsError", "TlsError", "ServerError", "RateLimitError"])
  })
})
