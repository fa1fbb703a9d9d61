// What the readers of files need of Node's Buffer, for browsers: text to hexadecimal digits of its UTF-8 and back.
export const Buffer = {
  from(text, encoding) {
    const bytes =
      encoding === 'hex'
        ? Uint8Array.from(text.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16))
        : new TextEncoder().encode(text)
    return {
      toString: (to) =>
        to === 'hex'
          ? Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
          : new TextDecoder().decode(bytes),
    }
  },
}
