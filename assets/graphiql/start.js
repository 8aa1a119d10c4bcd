// Puts GraphiQL into the page, with the query that the server suggests.
(function () {
  var place = document.getElementById('graphiql');
  var props = {
    fetcher: GraphiQL.createFetcher({ url: 'graphql' }),
    defaultQuery: place.dataset.query,
    defaultEditorToolsVisibility: false,
  };
  ReactDOM.createRoot(place).render(React.createElement(GraphiQL, props));
})();
