// Puts GraphiQL into the page, with what the page's address has (`?query=`, `variables`, `operationName`), or else
// with the query that the server suggests.
(function () {
  var place = document.getElementById('graphiql');
  var given = new URLSearchParams(window.location.search);
  var props = {
    fetcher: GraphiQL.createFetcher({ url: 'graphql' }),
    defaultQuery: place.dataset.query,
    defaultEditorToolsVisibility: given.get('variables') ? 'variables' : false,
    // A token that was put in once is there again when the page is loaded anew.
    shouldPersistHeaders: true,
  };
  ['query', 'variables', 'operationName'].forEach(function (name) {
    if (given.get(name)) props[name] = given.get(name);
  });
  ReactDOM.createRoot(place).render(React.createElement(GraphiQL, props));
})();
