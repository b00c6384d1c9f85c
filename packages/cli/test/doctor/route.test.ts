import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import * as Route from "../../src/doctor/route.ts"

const host = "https://api.moonshot.ai/v1"

const routeOf = (environment: { readonly [name: string]: string }, baseUrl = host) =>
  Route.describe(Route.make("environment", "KIMI_PROXY", baseUrl, environment))

describe("the route to the host", () => {
  it.each([
    { env: {}, expected: "without a proxy" },
    { env: { HTTPS_PROXY: "http://a:1" }, expected: "through the proxy http://a:1 of HTTPS_PROXY" },
    { env: { HTTPS_PROXY: "http://a:1", https_proxy: "b:2" }, expected: "through the proxy http://b:2 of https_proxy" },
    { env: { HTTP_PROXY: "http://a:1" }, expected: "through the proxy http://a:1 of HTTP_PROXY" },
    { env: { HTTPS_PROXY: " " }, expected: "without a proxy" },
    { env: { HTTPS_PROXY: "http://a:1", NO_PROXY: "*" }, expected: "without a proxy" },
    { env: { HTTPS_PROXY: "http://a:1", NO_PROXY: "b, .moonshot.ai" }, expected: "without a proxy" },
    { env: { HTTPS_PROXY: "http://a:1", NO_PROXY: "API.moonshot.ai:443" }, expected: "without a proxy" },
    {
      env: { HTTPS_PROXY: "http://a:1", NO_PROXY: "moonshot.ai:8443,shot.ai" },
      expected: "through the proxy http://a:1 of HTTPS_PROXY"
    }
  ])("is $expected with $env", ({ env, expected }) => assert.strictEqual(routeOf(env), expected))

  it("needs the proxy for HTTP at a base URL without TLS", () =>
    assert.strictEqual(routeOf({ HTTPS_PROXY: "http://a:1" }, "http://127.0.0.1:80/v1"), "without a proxy"))

  it("shows no credentials of a proxy", () => {
    const route = Route.make(Redacted.make("http://user:word@a:1"), "KIMI_PROXY", host)
    assert.notInclude(Route.describe(route) + Route.silence(route).fix, "word")
  })
})
