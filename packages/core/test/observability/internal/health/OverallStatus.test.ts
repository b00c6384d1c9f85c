import { assert, describe, it } from "@effect/vitest"
import type { HealthRole, HealthStatus } from "../../../../src/models/SystemHealth.ts"
import * as OverallStatus from "../../../../src/observability/internal/health/OverallStatus.ts"

const part = (role: HealthRole, status: HealthStatus, account?: string) => ({
  role,
  status,
  ...(account === undefined ? {} : { account })
})

const roles = ["required", "alternative", "supporting"] as const
const statuses = ["healthy", "degraded", "unhealthy"] as const

/** An independent implementation of the rules. */
const expected = (components: ReadonlyArray<ReturnType<typeof part>>): HealthStatus => {
  const isUnhealthy = (of: ReadonlyArray<ReturnType<typeof part>>) => of.some(({ status }) => status === "unhealthy")
  const alternatives = components.filter(({ role }) => role === "alternative")
  const accounts = Object.values(Object.groupBy(alternatives, ({ account }) => account ?? "")).map((of) => of ?? [])
  if (isUnhealthy(components.filter(({ role }) => role === "required"))) return "unhealthy"
  if (accounts.length > 0 && accounts.every(isUnhealthy)) return "unhealthy"
  return components.some(({ status }) => status !== "healthy") ? "degraded" : "healthy"
}

describe("OverallStatus", () => {
  it("is healthy if all components are healthy", () => {
    assert.strictEqual(OverallStatus.fromComponents([]), "healthy")
    assert.strictEqual(OverallStatus.fromComponents(roles.map((role) => part(role, "healthy"))), "healthy")
  })

  for (const [role, status] of [
    ["required", "unhealthy"],
    ["alternative", "unhealthy"],
    ["supporting", "degraded"]
  ] as const) {
    it(`is ${status} when a component that is ${role} is unhealthy`, () => {
      assert.strictEqual(
        OverallStatus.fromComponents([part("supporting", "healthy"), part(role, "unhealthy", "a")]),
        status
      )
    })
  }

  it("is never worse than degraded for degraded components", () => {
    assert.strictEqual(OverallStatus.fromComponents(roles.map((role) => part(role, "degraded", "a"))), "degraded")
  })

  it("is degraded while one account can be used", () => {
    const accounts = (second: HealthStatus) => [
      part("alternative", "unhealthy", "first"),
      part("alternative", "healthy", "first"),
      part("alternative", "healthy", "second"),
      part("alternative", second, "second")
    ]
    assert.strictEqual(OverallStatus.fromComponents(accounts("healthy")), "degraded")
    assert.strictEqual(OverallStatus.fromComponents(accounts("degraded")), "degraded")
    assert.strictEqual(OverallStatus.fromComponents(accounts("unhealthy")), "unhealthy")
  })

  it("follows the rules for every three components of two accounts", () => {
    const parts = roles.flatMap((role) => statuses.flatMap((status) => ["a", "b"].map((of) => part(role, status, of))))
    for (const first of parts) {
      for (const second of parts) {
        for (const third of parts) {
          const components = [first, second, third]
          assert.strictEqual(OverallStatus.fromComponents(components), expected(components), JSON.stringify(components))
        }
      }
    }
  })
})
