/** What a browser calls itself, as people would: 'Chrome · Windows'. '' when nothing in it is known. */
export function browser_words(agent: string, wecom: string): string {
  const first = (list: [RegExp, string][]) => list.find(([test]) => test.test(agent))?.[1] ?? ''
  const browser = first([
    [/wxwork/i, wecom],
    [/Edg(e|A|iOS)?\//, 'Edge'],
    [/OPR\//, 'Opera'],
    [/Firefox\/|FxiOS\//, 'Firefox'],
    [/Chrome\/|CriOS\//, 'Chrome'],
    [/Safari\//, 'Safari'],
    [/curl\//i, 'curl'],
  ])
  const system = first([
    [/iPhone|iPad/, 'iOS'],
    [/Android/, 'Android'],
    [/Windows/, 'Windows'],
    [/Mac OS X|Macintosh/, 'macOS'],
    [/Linux/, 'Linux'],
  ])
  return [browser, system].filter(Boolean).join(' · ')
}

const letters = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789' // none that look alike

/** 16 characters, from the browser's own source of randomness, every one equally likely. */
export function new_password(length = 16): string {
  const limit = 256 - (256 % letters.length)
  let out = ''
  while (out.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length))) {
      if (byte < limit && out.length < length) out += letters[byte % letters.length]
    }
  }
  return out
}

/** Four letters at a time, as one reads a secret off a screen. */
export const in_fours = (text: string): string => text.replace(/(.{4})(?=.)/g, '$1 ')
