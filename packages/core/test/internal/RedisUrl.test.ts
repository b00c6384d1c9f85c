import { assert, describe, it } from "@effect/vitest"
import * as RedisUrl from "../../src/internal/RedisUrl.ts"

const plain = {
  host: "host",
  port: 6379,
  isTls: false,
  username: undefined,
  password: undefined,
  database: undefined
}

describe("RedisUrl.parse", () => {
  for (const [url, expected] of [
    ["redis://host", plain],
    ["redis://host/", plain],
    ["redis://host:6380", { ...plain, port: 6380 }],
    ["rediss://host", { ...plain, isTls: true }],
    ["redis://host/0", { ...plain, database: 0 }],
    ["redis://host/12", { ...plain, database: 12 }],
    ["redis://[::1]:1", { ...plain, host: "::1", port: 1 }],
    ["redis://:p%40ss@host", { ...plain, password: "p@ss" }],
    ["redis://us%2Fer:pass@host", { ...plain, username: "us/er", password: "pass" }]
  ] as const) {
    it(`reads ${url}`, () => {
      assert.deepStrictEqual(RedisUrl.parse(url), expected)
    })
  }

  for (const url of [
    "host:6379",
    "http://host",
    "redis:host",
    "redis://",
    "redis://a b",
    "redis://host:99999",
    "redis://host/first",
    "redis://host/-1",
    "redis://host/1/2",
    "redis://host?db=1",
    "redis://host#1",
    "redis://%zz@host",
    "redis://:%zz@host"
  ]) {
    it(`refuses ${url}`, () => {
      assert.isUndefined(RedisUrl.parse(url))
    })
  }
})
