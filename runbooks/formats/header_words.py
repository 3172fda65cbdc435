"""Which header means which field in the other languages that plans are written in, accents not minded.

Only words that mean one thing in a plan; a header that is not here is kept as it stands, never guessed.
"""

from __future__ import annotations

# German, French, Spanish, Portuguese, Italian, Dutch, Polish.
ABROAD: dict[str, str] = {
    "title": "aufgabe, aufgabenname, vorgangsname, vorgang, tätigkeit, tâche, nom de la tâche, intitulé, activité, "
    "tarea, nombre de tarea, nombre de la tarea, actividad, tarefa, nome da tarefa, atividade, attività, nome attività, "
    "taak, taaknaam, activiteit, zadanie, nazwa zadania, czynność",
    "id": "kennung, aufgaben-id, vorgangs-id, lfd nr, nr, identifiant, réf, référence, n°, num, id de tarea, identificador, "
    "número, id da tarefa, riferimento, volgnummer, lp, numer",
    "description": "beschreibung, bemerkung, bemerkungen, anmerkungen, descripción, descrição, observações, descrizione, "
    "commentaire, commentaires, comentarios, comentários, omschrijving, opmerkingen, opis, uwagi",
    "phase": "fase, faza, abschnitt, étape, etapa, fasi",
    "stream": "teilprojekt, arbeitspaket, lot, chantier, flujo de trabajo, frente, frente de trabalho, flusso di lavoro, "
    "werkstroom, strumień",
    "type": "art, typ, tipo, soort, rodzaj, aufgabentyp, type de tâche, tipo de tarea, tipo de tarefa",
    "component": "komponente, anwendung, composant, sistema, componente, aplicación, aplicação, applicazione, systeem, "
    "komponent",
    "after": "vorgänger, abhängigkeit, abhängigkeiten, abhängig von, prédécesseur, prédécesseurs, dépend de, dépendances, "
    "predecesora, predecesoras, predecesores, depende de, dependencias, predecessoras, predecessores, dependências, "
    "predecessori, predecessore, dipende da, voorganger, voorgangers, afhankelijk van, poprzednik, poprzednicy, zależy od",
    "duration": "dauer, geplante dauer, durée, durée prévue, duración, duración prevista, duração, duração prevista, "
    "durata, durata prevista, duur, geplande duur, czas trwania",
    "not_before": "anfang, beginn, geplanter beginn, startdatum, startzeit, début, date de début, début prévu, inicio, "
    "fecha de inicio, comienzo, início, data de início, inizio, data inizio, data di inizio, begin, begindatum, "
    "początek, data rozpoczęcia, rozpoczęcie",
    "ends": "ende, enddatum, endzeit, geplantes ende, fin, date de fin, fin prévue, fecha de fin, fim, data de fim, término, "
    "fine, data fine, data di fine, einde, einddatum, koniec, data zakończenia, zakończenie",
    "deadline": "frist, fällig, fällig am, stichtag, échéance, date limite, fecha límite, prazo, scadenza, uiterlijk, termin",
    "owner": "verantwortlicher, zuständig, bearbeiter, propriétaire, affecté à, asignado a, encargado, "
    "responsável, atribuído a, responsabile, assegnato a, verantwoordelijke, toegewezen aan, właściciel, przypisane do, "
    "wykonawca",
    "deputy": "vertreter, vertretung, stellvertreter, suppléant, remplaçant, suplente, substituto, sostituto, vervanger, "
    "zastępca",
    "team": "gruppe, rolle, équipe, groupe, rôle, equipo, rol, equipe, papel, squadra, ruolo, ploeg, zespół, rola",
    "optional": "optionnel, opcional, opzionale, optioneel, opcjonalne",
    "verify": "prüfung, abnahmekriterien, erfolgskriterien, vérification, critères de succès, verificación, verificação, "
    "critérios de sucesso, verifica, criteri di successo, verificatie, weryfikacja",
    "rollback": "rückfall, rückfallschritt, retour arrière, marcha atrás, reversión, reversão, ripristino, terugdraaien, "
    "wycofanie",
    "audience": "empfänger, zielgruppe, destinataires, destinatarios, destinatários, destinatari, ontvangers, odbiorcy",
    "zone": "zeitzone, fuseau horaire, zona horaria, fuso horário, fuso orario, tijdzone, strefa czasowa",
    "status": "stand, statut, état, estado, estatus, stato, situação",
}
