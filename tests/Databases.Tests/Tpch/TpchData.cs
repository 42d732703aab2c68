using System.Globalization;
using Npgsql;
using NpgsqlTypes;

namespace Fettle.Databases.Tests.Tpch;

/// <summary>
/// The eight tables of TPC-H at a fraction of scale 1, filled by a seeded generator of our own: row counts, key structure, value ranges and
/// date arithmetic follow the specification (revision 3, clause 4.2); comments are random words. No index and no key is declared, as in
/// published comparisons of index selection.
/// </summary>
internal sealed class TpchData(double scale)
{
    static readonly DateOnly First = new(1992, 1, 1);
    static readonly DateOnly Current = new(1995, 6, 17);
    static readonly string[] Words = "carefully quickly furiously slyly blithely deposits packages accounts requests instructions theodolites platelets pinto beans foxes ideas dependencies excuses asymptotes sleep wake nag haggle cajole detect integrate among above according to against the final express regular special pending bold even ironic silent unusual".Split(' ');
    static readonly string[] Colours = "almond antique aquamarine azure beige bisque black blanched blue blush brown burlywood burnished chartreuse chiffon chocolate coral cornflower cornsilk cream cyan dark deep dim dodger drab firebrick floral forest frosted gainsboro ghost goldenrod green grey honeydew hot indian ivory khaki lace lavender lawn lemon light lime linen magenta maroon medium metallic midnight mint misty moccasin navajo navy olive orange orchid pale papaya peach peru pink plum powder puff purple red rose rosy royal saddle salmon sandy seashell sienna sky slate smoke snow spring steel tan thistle tomato turquoise violet wheat white yellow".Split(' ');
    static readonly (string Name, int Region)[] Nations =
    [
        ("ALGERIA", 0), ("ARGENTINA", 1), ("BRAZIL", 1), ("CANADA", 1), ("EGYPT", 4), ("ETHIOPIA", 0), ("FRANCE", 3), ("GERMANY", 3), ("INDIA", 2), ("INDONESIA", 2), ("IRAN", 4), ("IRAQ", 4), ("JAPAN", 2),
        ("JORDAN", 4), ("KENYA", 0), ("MOROCCO", 0), ("MOZAMBIQUE", 0), ("PERU", 1), ("CHINA", 2), ("ROMANIA", 3), ("SAUDI ARABIA", 4), ("VIETNAM", 2), ("RUSSIA", 3), ("UNITED KINGDOM", 3), ("UNITED STATES", 1),
    ];

    static readonly string[] Regions = ["AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST"];
    static readonly string[] Segments = ["AUTOMOBILE", "BUILDING", "FURNITURE", "MACHINERY", "HOUSEHOLD"];
    static readonly string[] Priorities = ["1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW"];
    static readonly string[] Instructions = ["DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"];
    static readonly string[] Modes = ["REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"];
    static readonly string[][] Types = [["STANDARD", "SMALL", "MEDIUM", "LARGE", "ECONOMY", "PROMO"], ["ANODIZED", "BURNISHED", "PLATED", "POLISHED", "BRUSHED"], ["TIN", "NICKEL", "BRASS", "STEEL", "COPPER"]];
    static readonly string[][] Containers = [["SM", "LG", "MED", "JUMBO", "WRAP"], ["CASE", "BOX", "BAG", "JAR", "PKG", "PACK", "CAN", "DRUM"]];

    public const string Schema = """
        CREATE TABLE region(r_regionkey integer NOT NULL, r_name char(25) NOT NULL, r_comment varchar(152));
        CREATE TABLE nation(n_nationkey integer NOT NULL, n_name char(25) NOT NULL, n_regionkey integer NOT NULL, n_comment varchar(152));
        CREATE TABLE part(p_partkey integer NOT NULL, p_name varchar(55) NOT NULL, p_mfgr char(25) NOT NULL, p_brand char(10) NOT NULL, p_type varchar(25) NOT NULL, p_size integer NOT NULL, p_container char(10) NOT NULL, p_retailprice numeric(15,2) NOT NULL, p_comment varchar(23) NOT NULL);
        CREATE TABLE supplier(s_suppkey integer NOT NULL, s_name char(25) NOT NULL, s_address varchar(40) NOT NULL, s_nationkey integer NOT NULL, s_phone char(15) NOT NULL, s_acctbal numeric(15,2) NOT NULL, s_comment varchar(101) NOT NULL);
        CREATE TABLE partsupp(ps_partkey integer NOT NULL, ps_suppkey integer NOT NULL, ps_availqty integer NOT NULL, ps_supplycost numeric(15,2) NOT NULL, ps_comment varchar(199) NOT NULL);
        CREATE TABLE customer(c_custkey integer NOT NULL, c_name varchar(25) NOT NULL, c_address varchar(40) NOT NULL, c_nationkey integer NOT NULL, c_phone char(15) NOT NULL, c_acctbal numeric(15,2) NOT NULL, c_mktsegment char(10) NOT NULL, c_comment varchar(117) NOT NULL);
        CREATE TABLE orders(o_orderkey integer NOT NULL, o_custkey integer NOT NULL, o_orderstatus char(1) NOT NULL, o_totalprice numeric(15,2) NOT NULL, o_orderdate date NOT NULL, o_orderpriority char(15) NOT NULL, o_clerk char(15) NOT NULL, o_shippriority integer NOT NULL, o_comment varchar(79) NOT NULL);
        CREATE TABLE lineitem(l_orderkey integer NOT NULL, l_partkey integer NOT NULL, l_suppkey integer NOT NULL, l_linenumber integer NOT NULL, l_quantity numeric(15,2) NOT NULL, l_extendedprice numeric(15,2) NOT NULL, l_discount numeric(15,2) NOT NULL, l_tax numeric(15,2) NOT NULL, l_returnflag char(1) NOT NULL, l_linestatus char(1) NOT NULL, l_shipdate date NOT NULL, l_commitdate date NOT NULL, l_receiptdate date NOT NULL, l_shipinstruct char(25) NOT NULL, l_shipmode char(10) NOT NULL, l_comment varchar(44) NOT NULL);
        """;

    readonly Random _random = new(1992);

    int Suppliers => Math.Max(10, (int)(10_000 * scale));

    int Customers => Math.Max(30, (int)(150_000 * scale));

    int Parts => Math.Max(40, (int)(200_000 * scale));

    int Orders => Math.Max(100, (int)(1_500_000 * scale));

    /// <summary>Creates and fills the tables, and gathers statistics.</summary>
    public async Task LoadAsync(NpgsqlConnection connection)
    {
        await RunAsync(connection, Schema);
        Fill(connection, "region", 5, (w, i) => Row(w, i, Regions[i], Text(60)));
        Fill(connection, "nation", 25, (w, i) => Row(w, i, Nations[i].Name, Nations[i].Region, Text(70)));
        Fill(connection, "supplier", Suppliers, (w, i) =>
        {
            var nation = _random.Next(25);
            var note = _random.Next(2_000) == 0 ? "Customer some Complaints " : "";
            Row(w, i + 1, $"Supplier#{i + 1:D9}", Text(25), nation, Phone(nation), Money(-99_999, 999_999), note + Text(38));
        });
        Fill(connection, "part", Parts, (w, i) =>
        {
            var maker = 1 + _random.Next(5);
            Row(w, i + 1, string.Join(' ', Enumerable.Range(0, 5).Select(_ => One(Colours))), $"Manufacturer#{maker}", $"Brand#{maker}{1 + _random.Next(5)}", string.Join(' ', Types.Select(One)), 1 + _random.Next(50), string.Join(' ', Containers.Select(One)), Price(i + 1), Text(14));
        });
        Fill(connection, "partsupp", Parts * 4, (w, i) => Row(w, i / 4 + 1, Supplier(i / 4 + 1, i % 4), 1 + _random.Next(9999), Money(100, 100_000), Text(120)));
        Fill(connection, "customer", Customers, (w, i) =>
        {
            var nation = _random.Next(25);
            Row(w, i + 1, $"Customer#{i + 1:D9}", Text(25), nation, Phone(nation), Money(-99_999, 999_999), One(Segments), Text(72));
        });
        await LoadOrdersAsync(connection);
        await RunAsync(connection, "VACUUM ANALYZE");
    }

    /// <summary>Orders and their lines belong together; the lines are kept until their own COPY.</summary>
    async Task LoadOrdersAsync(NpgsqlConnection connection)
    {
        var lines = new List<(int Order, int Part, int Supplier, int Line, int Quantity, int Discount, int Tax, DateOnly Ship, DateOnly Commit, DateOnly Receipt)>();
        Fill(connection, "orders", Orders, (w, i) =>
        {
            var key = i / 8 * 32 + i % 8 + 1; // The first 8 of each 32 keys are used.
            var customer = 1 + _random.Next(Customers);
            customer = customer % 3 == 0 ? Math.Max(1, customer - 1) : customer; // A third of the customers never orders.
            var date = First.AddDays(_random.Next(2406));
            var count = 1 + _random.Next(7);
            var total = 0m;
            var finished = 0;
            for (var l = 1; l <= count; l++)
            {
                var part = 1 + _random.Next(Parts);
                var ship = date.AddDays(1 + _random.Next(121));
                var line = (Order: key, Part: part, Supplier: Supplier(part, _random.Next(4)), Line: l, Quantity: 1 + _random.Next(50), Discount: _random.Next(11), Tax: _random.Next(9), Ship: ship, Commit: date.AddDays(30 + _random.Next(61)), Receipt: ship.AddDays(1 + _random.Next(30)));
                total += line.Quantity * Price(part) * (100 - line.Discount) * (100 + line.Tax) / 10_000;
                finished += ship <= Current ? 1 : 0;
                lines.Add(line);
            }

            var note = _random.Next(60) == 0 ? "special packages requests " : "";
            Row(w, key, customer, finished == count ? "F" : finished == 0 ? "O" : "P", Math.Round(total, 2), date, One(Priorities), $"Clerk#{1 + _random.Next(Math.Max(1, (int)(1000 * scale))):D9}", 0, note + Text(30));
        });
        Fill(connection, "lineitem", lines.Count, (w, i) =>
        {
            var l = lines[i];
            var flag = l.Receipt <= Current ? _random.Next(2) == 0 ? "R" : "A" : "N";
            Row(w, l.Order, l.Part, l.Supplier, l.Line, (decimal)l.Quantity, l.Quantity * Price(l.Part), l.Discount / 100m, l.Tax / 100m, flag, l.Ship > Current ? "O" : "F", l.Ship, l.Commit, l.Receipt, One(Instructions), One(Modes), Text(27));
        });
        await Task.CompletedTask;
    }

    static void Fill(NpgsqlConnection connection, string table, int rows, Action<NpgsqlBinaryImporter, int> row)
    {
        using var writer = connection.BeginBinaryImport($"COPY {table} FROM STDIN (FORMAT BINARY)");
        for (var i = 0; i < rows; i++)
        {
            writer.StartRow();
            row(writer, i);
        }

        writer.Complete();
    }

    static void Row(NpgsqlBinaryImporter writer, params ReadOnlySpan<object> values)
    {
        foreach (var value in values)
        {
            switch (value)
            {
                case int n:
                    writer.Write(n, NpgsqlDbType.Integer);
                    break;
                case decimal d:
                    writer.Write(d, NpgsqlDbType.Numeric);
                    break;
                case DateOnly day:
                    writer.Write(day, NpgsqlDbType.Date);
                    break;
                default:
                    writer.Write((string)value, NpgsqlDbType.Varchar);
                    break;
            }
        }
    }

    static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync();
    }

    string One(string[] from) => from[_random.Next(from.Length)];

    decimal Money(int low, int high) => _random.Next(low, high + 1) / 100m;

    string Phone(int nation) => string.Create(CultureInfo.InvariantCulture, $"{10 + nation}-{_random.Next(100, 1000)}-{_random.Next(100, 1000)}-{_random.Next(1000, 10_000)}");

    static decimal Price(int part) => (90_000 + part / 10 % 20_001 + 100 * (part % 1_000)) / 100m;

    int Supplier(int part, int which) => (part + which * (Suppliers / 4 + (part - 1) / Suppliers)) % Suppliers + 1;

    /// <summary>Words of about that many characters in all.</summary>
    string Text(int length)
    {
        var text = new System.Text.StringBuilder(length + 12);
        while (text.Length < length)
        {
            text.Append(text.Length == 0 ? "" : " ").Append(One(Words));
        }

        return text.ToString(0, Math.Min(text.Length, length));
    }
}
