using System.Globalization;
using System.Text;

namespace Fettle.Redis.Tests;

/// <summary>Writes random replies and says how they should read.</summary>
internal static class RespGenerator
{
    public static string Value(Random random, StringBuilder wire, int depth)
    {
        if (random.Next(12) == 0)
        {
            wire.Append("|1\r\n+note\r\n:1\r\n");
        }

        switch (random.Next(depth > 3 ? 8 : 11))
        {
            case 0:
                var number = random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64);
                wire.Append(CultureInfo.InvariantCulture, $":{number}\r\n");
                return $"Integer({number})";
            case 1:
                var status = Text(random, 20).Replace('\r', '.').Replace('\n', '.');
                wire.Append(CultureInfo.InvariantCulture, $"+{status}\r\n");
                return $"Status({status})";
            case 2 or 3:
                var text = Text(random, random.Next(5) == 0 ? 9000 : 40);
                wire.Append(CultureInfo.InvariantCulture, $"${Encoding.UTF8.GetByteCount(text)}\r\n{text}\r\n");
                return $"Bulk({text})";
            case 4:
                wire.Append(random.Next(3) switch { 0 => "_\r\n", 1 => "$-1\r\n", _ => "*-1\r\n" });
                return "Null()";
            case 5:
                var flag = random.Next(2);
                wire.Append(flag == 1 ? "#t\r\n" : "#f\r\n");
                return $"Boolean({flag})";
            case 6:
                var value = (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-20, 20));
                wire.Append(CultureInfo.InvariantCulture, $",{value:R}\r\n");
                return $"Double({value.ToString("R", CultureInfo.InvariantCulture)})";
            case 7:
                wire.Append("-ERR wrong\r\n");
                return "Error(ERR wrong)";
            default:
                var (mark, kind, factor) = random.Next(4) switch
                {
                    0 => ('*', "Array", 1),
                    1 => ('%', "Map", 2),
                    2 => ('~', "Set", 1),
                    _ => ('>', "Push", 1),
                };
                var count = random.Next(4);
                wire.Append(CultureInfo.InvariantCulture, $"{mark}{count}\r\n");
                var items = new List<string>();
                for (var i = 0; i < count * factor; i++)
                {
                    items.Add(Value(random, wire, depth + 1));
                }

                return $"{kind}[{string.Join(',', items)}]";
        }
    }

    public static IEnumerable<byte[]> Pieces(Random random, byte[] bytes)
    {
        var limit = random.Next(1, 200);
        for (var at = 0; at < bytes.Length;)
        {
            var size = Math.Min(bytes.Length - at, random.Next(1, limit + 1));
            yield return bytes[at..(at + size)];
            at += size;
        }
    }

    static string Text(Random random, int most)
    {
        var text = new StringBuilder();
        for (var i = random.Next(most); i > 0; i--)
        {
            text.Append(random.Next(10) switch { 0 => "\r\n", 1 => "é", 2 => "$5\r\n", _ => ((char)random.Next(32, 127)).ToString() });
        }

        return text.ToString();
    }
}
