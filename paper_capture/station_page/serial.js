// Which sheet of paper: type prefix, seven digits, two check digits (ISO 7064 mod 97-10), as the server reads them.
const SHAPE = /^([A-Z]{2,3})(\d{7})(\d{2})$/;

export function checkDigits(prefix, number) {
  const spelled = [...prefix].map((letter) => parseInt(letter, 36)).join("") + number + "00";
  let rest = 0;
  for (const digit of spelled) rest = (rest * 10 + Number(digit)) % 97;
  return String(98 - rest).padStart(2, "0");
}

/** `{serial, prefix}`, or `{problem}` in words. The right check digits are never suggested: look at the paper again. */
export function readSerial(text, prefixes = []) {
  const tidy = text.replace(/[\s-]/g, "").toUpperCase();
  if (!tidy) return { problem: "" };
  const shape = SHAPE.exec(tidy);
  if (!shape) return { problem: "Not a whole number yet: letters, 7 digits and 2 check digits, such as CU000000161." };
  const [, prefix, number, check] = shape;
  if (prefixes.length && !prefixes.includes(prefix)) return { problem: `No form begins with ${prefix}. Known: ${prefixes.join(", ")}.` };
  if (check !== checkDigits(prefix, number)) return { problem: "The check digits do not fit. Read the number again from the paper." };
  return { serial: tidy, prefix };
}

/** The serial in what a scanner read from a sheet's code, which holds more than the serial. */
export function serialIn(code) {
  const found = /(?:^|[^A-Z0-9])?([A-Z]{2,3}\d{9})(?![0-9])/.exec(code.toUpperCase());
  return found ? found[1] : "";
}
