import { assert, describe, it } from "@effect/vitest"
import { HttpApi, HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { Schema } from "effect"
import * as HealthApi from "../src/HealthApi.ts"

type Json = { readonly [name: string]: unknown }

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)

/** Every `$ref` in a document. */
const refsIn = (value: unknown): ReadonlyArray<string> => {
  if (Array.isArray(value)) return value.flatMap(refsIn)
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([name, member]) =>
    name === "$ref" && typeof member === "string" ? [member] : refsIn(member)
  )
}

const resolve = (document: unknown, ref: string): unknown =>
  ref
    .slice(2)
    .split("/")
    .reduce((at: unknown, name) => (isObject(at) ? at[name] : undefined), document)

describe("the OpenAPI document", () => {
  const document = HealthApi.openApi()

  it("has the three routes with their responses", () => {
    assert.strictEqual(document.openapi, "3.1.0")
    const routes = Object.entries(document.paths).map(([path, item]) => [
      path,
      Object.keys(item),
      Object.keys(item.get?.responses ?? {}),
      item.get?.operationId
    ])
    assert.deepStrictEqual(routes, [
      ["/livez", ["get"], ["200"], "health.livez"],
      ["/readyz", ["get"], ["200", "503"], "health.readyz"],
      ["/healthz", ["get"], ["200", "503"], "health.healthz"]
    ])
  })

  it("has a description with a schema for every response", () => {
    for (const item of Object.values(document.paths)) {
      const { description, responses = {}, summary } = item.get ?? assert.fail("no GET")
      assert.isNotEmpty(description)
      assert.isNotEmpty(summary)
      for (const response of Object.values(responses)) {
        assert.isNotEmpty(response.description)
        assert.isDefined(response.content?.["application/json"]?.schema)
      }
    }
  })

  it("has no dangling references", () => {
    const refs = refsIn(document)
    assert.isAbove(refs.length, 5)
    for (const ref of refs) {
      assert.match(ref, /^#\/components\/schemas\//)
      assert.isTrue(isObject(resolve(document, ref)), ref)
    }
  })

  it("has no unused schemas", () => {
    const refs = refsIn(document)
    const known = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`)
    assert.sameMembers([...new Set(refs)], known)
  })

  it("has the format of instants", () => {
    const component = resolve(document, "#/components/schemas/ComponentHealth")
    assert.nestedPropertyVal(component, "properties.since.format", "date-time")
  })

  it("has the values of statuses", () => {
    const values = (name: string) => resolve(document, `#/components/schemas/${name}/properties/status/enum`)
    assert.deepStrictEqual(values("Ready"), ["healthy", "degraded"])
    assert.deepStrictEqual(values("NotReady"), ["unhealthy"])
  })

  it("has the prefix of the routes", () => {
    assert.deepStrictEqual(Object.keys(HealthApi.openApi("/internal").paths), [
      "/internal/livez",
      "/internal/readyz",
      "/internal/healthz"
    ])
  })
})

describe("the group of routes", () => {
  it("can be added to an API with other groups", () => {
    const metrics = HttpApiGroup.make("metrics").add(
      HttpApiEndpoint.get("metrics", "/metrics", { success: Schema.String })
    )
    const api = HttpApi.make("operations").add(HealthApi.group).add(metrics)
    assert.deepStrictEqual(Object.keys(OpenApi.fromApi(api).paths), ["/livez", "/readyz", "/healthz", "/metrics"])
  })
})
