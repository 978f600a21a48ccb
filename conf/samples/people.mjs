// Who and what the sample capture is about. Nobody here is real: names are made up, addresses are of the documentation
// ranges (RFC 5737, RFC 3849), domains of RFC 2606. Microsoft's own application ids are public.

export const TENANT = '0f1e2d3c-4b5a-4697-8877-665544332211';
export const BROKER = '29d9ed98-a469-4536-ade2-f981bc1d605e';

const names = [
  'Amara Okafor',
  'Bjørn Ødegård',
  'Chiara Bellini',
  'Dmitri Volkhov',
  'Élodie Marchand',
  'Farid Rahimi',
  'Grace Whitlock',
  'Hiroshi Tanabe',
  'Ingrid Sørlie',
  'João Pereira',
  'Katarzyna Wiśniewska',
  'Liam Doherty',
  'Mei-Ling Chou',
  'Nnamdi Eze',
  'Oksana Lytvyn',
  'Priya Raghunathan',
  'Quentin Lefèvre',
  'Rosa Jiménez',
  'Søren Dahl',
  'Tomás Novák',
  'Ulrike Weiß',
  'Vikram Sethi',
  'Wanjiru Kamau',
  'Xavier Puig',
  'Yasmin Haddad',
  'Zoltán Farkas',
  '山田 花子',
  'Анна Соколова',
];

/** [city, state, country, latitude, longitude, prefix of its addresses] */
export const places = [
  ['Utrecht', 'Utrecht', 'NL', 52.09, 5.12, '192.0.2.'],
  ['Lyon', 'Rhone', 'FR', 45.76, 4.84, '192.0.2.'],
  ['Porto', 'Porto', 'PT', 41.15, -8.61, '198.51.100.'],
  ['Nairobi', 'Nairobi', 'KE', -1.29, 36.82, '198.51.100.'],
  ['Pune', 'Maharashtra', 'IN', 18.52, 73.86, '2001:db8:51::'],
  ['Malmö', 'Skåne', 'SE', 55.6, 13, '2001:db8:46::'],
];

/** Where the sign-ins of the attacks come from. */
export const abroad = ['Chisinau', 'Chisinau', 'MD', 47.01, 28.86, '203.0.113.'];

export const apps = [
  ['4765445b-32c6-49b0-83e6-1d93765276ca', 'OfficeHome'],
  ['1fec8e78-bce4-4aaf-ab1b-5451cc387264', 'Microsoft Teams'],
  ['d3590ed6-52b3-4102-aeff-aad2292ab01c', 'Microsoft Office'],
  ['5d661950-3475-41cd-a2c3-d671a3162bc1', 'Microsoft Outlook'],
  ['ab9b8c07-8f02-4f72-87fa-80105867a763', 'OneDrive SyncEngine'],
  ['9199bf20-a13f-4107-85dc-02114787ef48', 'One Outlook Web'],
  ['89bee1f7-5e6e-4d8a-9f3d-ecd601259da7', 'Office365 Shell WCSS-Client'],
];
export const azureCli = ['04b07795-8ddb-461a-bbee-02f9e1bf7b46', 'Microsoft Azure CLI'];
export const brokerApp = [BROKER, 'Microsoft Authentication Broker'];

export const resources = [
  ['00000003-0000-0000-c000-000000000000', 'Microsoft Graph'],
  ['00000002-0000-0ff1-ce00-000000000000', 'Office 365 Exchange Online'],
  ['00000003-0000-0ff1-ce00-000000000000', 'Office 365 SharePoint Online'],
  ['797f4846-ba00-4fd7-ba43-dac1f8f63013', 'Windows Azure Service Management API'],
];
export const registration = ['01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9', 'Device Registration Service'];

export const agents = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_7_1) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.2 Safari/605.1.15',
  'Mozilla/5.0 (X11; Linux x86_64; rv:136.0) Gecko/20100101 Firefox/136.0',
  'Dalvik/2.1.0 (Linux; U; Android 15; Pixel 8 Build/AP4A.250105.002)',
];

const plain = (text) =>
  text.normalize('NFD').replace(/\p{M}/gu, '').replace(/ø/gi, 'o').replace(/ß/g, 'ss').toLowerCase();

/** @param next makes the next GUID */
export function peopleOf(next) {
  return names.map((name, i) => {
    const [first, last] = plain(name).split(' ');
    const account = /^[a-z-]+$/.test(first + last) ? `${first}.${last}` : `user${i + 1}`;
    return { name, upn: `${account}@contoso.example`, id: next(), place: places[i % places.length] };
  });
}
