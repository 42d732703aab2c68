using Fettle.Testing;

namespace Fettle.MarketData.Tests;

public sealed class PriceCsvTests
{
    const string Header = "timestamp,open,high,low,close,volume,oi\n";

    static PriceFile Read(string text) => PriceCsv.Read(new StringReader(text), "a.csv", "TATA");

    [Fact]
    public void Row_WithAnOffset_KeepsTheExchangesDay()
    {
        // Midnight in India is the day before in universal time.
        var file = Read(Header + "2020-10-01 00:00:00+05:30,779.8,781.0,765.75,773.0,5852563,0\n");
        file.Errors.ShouldBeEmpty();
        file.Bars.ShouldBe([new StockBar("TATA", new DateOnly(2020, 10, 1).DayNumber, 779.8, 781, 765.75, 773, 5852563)]);
    }

    [Fact]
    public void Columns_InAnotherOrderAndQuoted_AreFoundByName()
    {
        var file = Read("\"Volume\",Close,LOW,High,open,\"a, \"\"note\"\"\nover two lines\",Date\n5,4,1,9,2,\"x,\ny\",2024-02-29\n");
        file.Errors.ShouldBeEmpty();
        file.Bars.ShouldBe([new StockBar("TATA", new DateOnly(2024, 2, 29).DayNumber, 2, 9, 1, 4, 5)]);
    }

    [Theory]
    [InlineData("2024-01-01,1,2,1,abc,5,0", "close is 'abc'; expected a number above 0")]
    [InlineData("2024-01-01,1,2,1,,5,0", "close is ''; expected a number above 0")]
    [InlineData("2024-01-01,0,2,1,1,5,0", "open is '0'; expected a number above 0")]
    [InlineData("2024-01-01,1,2,1,NaN,5,0", "close is 'NaN'; expected a number above 0")]
    [InlineData("2024-01-01,1,2,1,2,-5,0", "volume is '-5'; expected a number of 0 or more")]
    [InlineData("2024-01-01,1,1,2,1,5,0", "high 1 is below low 2")]
    [InlineData("01/02/2024,1,2,1,1,5,0", "timestamp '01/02/2024' is not a date; expected yyyy-MM-dd, with or without time and offset")]
    [InlineData("2023-02-29,1,2,1,1,5,0", "timestamp '2023-02-29' is not a date; expected yyyy-MM-dd, with or without time and offset")]
    [InlineData("2024-01-01,1,2", "3 fields; the header has at least 6")]
    public void BadRow_IsRefusedWithFileAndLine_AndTheOthersStay(string row, string message)
    {
        var file = Read(Header + "2024-01-03,1,2,1,1,5,0\n" + row + "\n2024-01-02,1,2,1,1,0,0\n");
        file.Errors.ShouldHaveSingleItem().ToString().ShouldBe("a.csv(3): " + message);
        file.Bars.Select(b => b.Day).ShouldBe([new DateOnly(2024, 1, 2).DayNumber, new DateOnly(2024, 1, 3).DayNumber]);
    }

    [Fact]
    public void SecondBarOnADay_IsRefused() =>
        Read(Header + "2024-01-03,1,2,1,1,5,0\n2024-01-03 15:30:00+05:30,1,2,1,1,5,0\n").Errors.ShouldHaveSingleItem().ToString()
            .ShouldBe("a.csv(3): a second bar on 2024-01-03; one a day is allowed");

    [Theory]
    [InlineData("", "a.csv(1): the file is empty; expected a header with timestamp, open, high, low, close, volume")]
    [InlineData("date,open,high,low\n", "a.csv(1): the header lacks close, volume; expected timestamp (or date), open, high, low, close, volume")]
    public void File_WithoutItsHeader_IsAnError(string text, string message) => Should.Throw<InvalidDataException>(() => Read(text)).Message.ShouldBe(message);

    [Fact]
    public void AnyBytes_GiveBarsOrErrors_NeverAnotherException()
    {
        var random = new Random(4);
        const string Alphabet = "0123456789-:,.\"\n\r +TZeE\0é";
        for (var round = 0; round < 2000; round++)
        {
            var text = Header + string.Concat(Enumerable.Range(0, random.Next(80)).Select(_ => Alphabet[random.Next(Alphabet.Length)]));
            var file = Read(text);
            file.Bars.ShouldAllBe(b => b.High >= b.Low && b.Close > 0);
        }
    }

    [RequiresSharedDataFact("prices", "nifty50")]
    public void RealFiles_ReadWithoutErrors()
    {
        foreach (var path in Directory.GetFiles(SharedData.PathOf("prices", "nifty50"), "*.csv"))
        {
            var file = PriceCsv.Read(path, Path.GetFileNameWithoutExtension(path));
            file.Errors.ShouldBeEmpty();
            file.Bars.Count.ShouldBe(File.ReadLines(path).Count() - 1);
        }
    }
}
