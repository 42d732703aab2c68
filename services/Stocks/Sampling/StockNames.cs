using System.Text;

namespace Fettle.Services.Stocks.Sampling;

/// <summary>Invented company names, exchange symbols and ISINs; unique per stock number.</summary>
internal static class StockNames
{
    static readonly string[] First = ["Ana", "Bha", "Cha", "Dee", "Esh", "Gan", "Hari", "Indo", "Jai", "Kal", "Lax", "Maha", "Nav", "Om", "Pra", "Raj", "Sar", "Tri", "Uma", "Vish"];
    static readonly string[] Second = ["bhav", "chan", "dev", "giri", "jyot", "kant", "lok", "mani", "nath", "pal", "rath", "sagar", "tej", "vardh", "yug", "shakti"];
    static readonly string[] Third = ["a", "am", "an", "ika", "in", "it", "on", "or", "ya", "ex", "is", "um", "ar", "el"];
    static readonly string[] Trade = ["Industries", "Finance", "Textiles", "Chemicals", "Motors", "Steel", "Power", "Foods", "Pharma", "Infotech", "Realty", "Cements"];

    public static (string Company, string Symbol) Of(int number, SampleRandom random)
    {
        // 20 × 16 × 14 stems; a stock beyond them carries a round number, so that a symbol is never given twice.
        var stem = First[number % 20] + Second[number / 20 % 16] + Third[number / 320 % 14];
        var round = number / 4480;
        var trade = Trade[random.Below(Trade.Length)];
        var symbol = stem.ToUpperInvariant() + (round == 0 ? "" : round.ToString());
        symbol = random.Below(40) switch
        {
            0 => symbol + "-" + trade[..4].ToUpperInvariant(),
            1 => symbol[..1] + "&" + symbol[1..],
            _ => symbol,
        };
        return ($"{stem}{(round == 0 ? "" : $" {round + 1}")} {trade} Ltd.", symbol);
    }

    /// <summary>An ISIN with a correct check digit (ISO 6166: Luhn over the digits of the base-36 characters).</summary>
    public static string Isin(int number)
    {
        var body = $"INE{number % 1000:D3}{(char)('A' + number / 1000)}0101";
        var digits = new StringBuilder();
        foreach (var c in body)
        {
            digits.Append(char.IsDigit(c) ? c - '0' : c - 'A' + 10);
        }

        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            var digit = digits[digits.Length - 1 - i] - '0';
            var doubled = i % 2 == 0 ? digit * 2 : digit;
            sum += doubled / 10 + doubled % 10;
        }

        return body + (10 - sum % 10) % 10;
    }
}
