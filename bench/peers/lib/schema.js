// The part of the generated API that the benchmark asks for, as a team would write it by hand.
//
// Names, arguments and types are those that `oponn print-schema` prints, so the same operation texts and
// variables go to every server; what no benchmark asks for (cursors, totals, mutations) is left out.

const operators = (type) => `input ${type}Filter { eq: ${type} ne: ${type} in: [${type}] lt: ${type} lte: ${type} gt: ${type} gte: ${type} }`;

export const sdl = /* GraphQL */ `
  scalar Decimal

  enum Direction { ASC DESC }
  ${['ID', 'String', 'Int', 'Decimal'].map(operators).join('\n')}

  type Bookstore {
    id: ID!
    name: String!
    city: String
    country: String
    founded: Int
    books(where: BookWhere, orderBy: [BookOrder!], first: Int, offset: Int): BookConnection!
  }
  type BookstoreConnection { nodes: [Bookstore]! }
  input BookstoreWhere { id: IDFilter name: StringFilter city: StringFilter country: StringFilter founded: IntFilter }
  enum BookstoreOrderField { ID NAME CITY COUNTRY FOUNDED }
  input BookstoreOrder { field: BookstoreOrderField! direction: Direction! = ASC }

  type Book {
    id: ID!
    isbn: String!
    title: String!
    author: String
    year: Int
    price: Decimal
    storeId: ID!
    store: Bookstore!
  }
  type BookConnection { nodes: [Book]! }
  input BookWhere {
    id: IDFilter isbn: StringFilter title: StringFilter author: StringFilter
    year: IntFilter price: DecimalFilter storeId: IDFilter
  }
  enum BookOrderField { ID ISBN TITLE AUTHOR YEAR PRICE STORE_ID }
  input BookOrder { field: BookOrderField! direction: Direction! = ASC }

  type Query {
    bookstore(id: ID!): Bookstore
    bookstores(where: BookstoreWhere, orderBy: [BookstoreOrder!], first: Int, offset: Int): BookstoreConnection!
    book(id: ID!): Book
    books(where: BookWhere, orderBy: [BookOrder!], first: Int, offset: Int): BookConnection!
  }
`;
