@echo off
rem Passes a command to the command line in Traffic, built in Release.
dotnet run --project "%~dp0Traffic\CommandLine" --configuration Release -- %*
