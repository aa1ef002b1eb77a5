import { readFileSync } from 'node:fs'
import { parse } from 'acorn'
import { describe, expect, it } from 'vitest'
import { only_reached } from '../../scripts/only_reached.ts'

describe('what the bundle takes of a library', () => {
  const code = `
    const table = {}
    for (const key of ['a']) table[key] = 1
    const unused = class {}
    for (const name of ['x']) unused.prototype[name] = () => 2
    function helper() { return table }
    export function wanted() { return helper() }
    export const other = unused
  `.replace(/export /g, '')
  it('is what its exports reach, with what sets that up', () => {
    const left = only_reached(`${code}\nexport { wanted, other }`, ['wanted'])
    expect(left).toContain("table[key] = 1")
    expect(left).toContain('function helper')
    expect(left).not.toContain('unused')
    expect(left).toContain('export { wanted }')
  })
  it('refuses a name that is not there', () => {
    expect(() => only_reached(code, ['gone'])).toThrow('gone is not declared')
  })
  it("leaves of WeCom's SDK the calls and not the drawing", () => {
    const sdk = readFileSync('node_modules/@wecom/jssdk/dist/wecom.js', 'utf8')
    const left = only_reached(sdk, ['register', 'getContext', 'getCurExternalContact', 'getCurExternalChat'])
    expect(left.length).toBeLessThan(sdk.length / 5)
    expect(left).toContain('WeixinJSBridgeReady')
    expect(left).not.toContain('createLinearGradient')
    expect(() => parse(left, { ecmaVersion: 'latest', sourceType: 'module' })).not.toThrow()
  }, 60_000)
})
