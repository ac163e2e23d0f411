// Numbers as text: as Python prints them, with the digits and the unit of their metric.
"use strict";
pvdbench.format = (() => {
  const NONE = "\u2013";
  const formats = {};
  const format = (digits) => new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits, roundingMode: "halfEven" });

  // An en dash for none, a word for frames equal to the truth, a minus that is one, no sign before zero.
  function decimal(value, digits, signed = false) {
    if (Number.isNaN(value)) return NONE;
    if (Math.abs(value) === Infinity) return "identical";
    const text = (formats[digits] ??= format(digits)).format(Math.abs(value));
    if (!/[1-9]/.test(text)) return text;
    return (value < 0 ? "\u2212" : signed ? "+" : "") + text;
  }

  // A value of a metric; words have no unit.
  function withUnit(value, { digits, unit }, signed = false) {
    const text = decimal(value, digits, signed);
    return Number.isFinite(value) && unit ? `${text} ${unit}` : text;
  }

  const withInterval = ({ mean, low, high }, metric) => `${withUnit(mean, metric)} (${decimal(low, metric.digits)} to ${decimal(high, metric.digits)})`;

  // A printed number read back, for sorting.
  function amount(text) {
    return text === "identical" ? Infinity : parseFloat(text.replaceAll("\u2212", "-").replaceAll(",", ""));
  }

  return { NONE, decimal, withUnit, withInterval, amount };
})();
