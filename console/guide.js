// A rule's guide for people: headings, lists, paragraphs, code. A small part of Markdown, made of elements; whatever
// else stands there is shown as it is, and a link is text: nothing leads away from here by a click.
import { make } from './dom.js';

/**
 * @param {string} text
 * @returns {HTMLElement[]}
 */
export function guideOf(text) {
  /** @type {HTMLElement[]} */
  const blocks = [];
  /** @type {string[]} */
  let lines = [];
  /** @type {HTMLElement | null} */
  let items = null;
  const paragraph = () => {
    if (lines.length > 0) blocks.push(make('p', {}, ...inline(lines.join(' '))));
    lines = [];
  };
  for (const line of text.split(/\r?\n/)) {
    const heading = /^\s*#{1,6}\s+(.*)$/.exec(line)?.[1];
    const item = /^\s*(?:[-*]|\d+\.)\s+(.*)$/.exec(line)?.[1];
    if (heading !== undefined || item !== undefined || line.trim() === '') paragraph();
    if (heading !== undefined) blocks.push(make('h4', {}, ...inline(heading)));
    if (item !== undefined) {
      if (!items) {
        items = make('ul');
        blocks.push(items);
      }
      items.append(make('li', {}, ...inline(item)));
    } else if (line.trim() !== '' || heading !== undefined) items = null;
    if (heading === undefined && item === undefined && line.trim() !== '') lines.push(line.trim());
  }
  paragraph();
  return blocks;
}

/**
 * `code` and **strong**.
 * @param {string} text
 */
function inline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
    if (/^`[^`]+`$/.test(part)) return make('code', {}, part.slice(1, -1));
    if (/^\*\*[^*]+\*\*$/.test(part)) return make('strong', {}, part.slice(2, -2));
    return part;
  });
}
