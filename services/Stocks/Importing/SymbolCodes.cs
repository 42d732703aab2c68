namespace Fettle.Services.Stocks.Importing;

/// <summary>
/// Codes for symbols that come without one: 900000–999999, which the exchange does not give to shares. The code follows from the symbol,
/// so that a symbol has the same code in every database; when it is taken by another symbol the next free one is used.
/// </summary>
internal static class SymbolCodes
{
    const int First = 900_000;
    const int Count = 100_000;

    public static string Choose(string symbol, IReadOnlySet<string> taken)
    {
        var hash = 2166136261u;
        foreach (var c in symbol)
        {
            hash = (hash ^ c) * 16777619u;
        }

        for (var i = 0; i < Count; i++)
        {
            var code = (First + (int)((hash + (uint)i) % Count)).ToString();
            if (!taken.Contains(code))
            {
                return code;
            }
        }

        throw new InvalidDataException("all synthetic codes 900000–999999 are taken");
    }

    public static bool IsSynthetic(string code) => code.Length == 6 && code[0] == '9';
}
