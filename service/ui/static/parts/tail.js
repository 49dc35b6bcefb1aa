/* A list of the API that grows while it is read.
 *
 *   const list = tail(api, path, {query, limit, key: (item) => item.id, signal})
 *   await list.read()     -> the items that are new: the next page, or what came to the end since
 *   list.items            all of them, in the API's order; items that are read again take their old place
 *   list.isWhole          whether the last page has been read
 *   list.put(item)        in the place of the one with its key
 */

export function tail(api, path, { query = {}, limit = 50, key, signal }) {
  const items = [];
  const places = new Map();
  let cursor = null; // of the page that is read next; the last page is read again, as it may have grown

  function put(item) {
    const place = places.get(key(item));
    if (place !== undefined) return void (items[place] = item);
    places.set(key(item), items.length);
    items.push(item);
  }

  const list = {
    items,
    isWhole: false,
    put,
    async read() {
      const page = await api.get(path, { query: { ...query, limit, cursor }, signal });
      const before = items.length;
      page.items.forEach(put);
      cursor = page.next ?? cursor;
      list.isWhole = !page.next;
      return items.slice(before);
    },
  };
  return list;
}
